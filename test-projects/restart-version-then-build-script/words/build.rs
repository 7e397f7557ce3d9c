fn main() {
    println!("cargo::rustc-env=WORD=hello");
    println!("cargo::rerun-if-changed=build.rs");
}
