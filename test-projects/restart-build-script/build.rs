fn main() {
    println!("cargo::rustc-env=GREETING=hello");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=words.txt");
    let words = std::fs::read_to_string("words.txt").unwrap();
    println!("cargo::rustc-env=WORDS={}", words.trim());
}
