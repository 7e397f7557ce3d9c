//@ why: files that the compiler includes are sources too
//@ pair: restart-build-script
//@ ask: x => once upon a time / 3 bytes
//@ edit src/story.txt: replace "a time" with "the times"
//@ expect: patched
//@ function: include_str::answer patched
//@ ask: x => once upon the times / 3 bytes
//@ edit src/data.bin: replace "abc" with "abcdef"
//@ expect: patched
//@ ask: x => once upon the times / 6 bytes

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    let data: &[u8] = include_bytes!("data.bin");
    format!(
        "{} / {} bytes",
        include_str!("story.txt").trim(),
        data.trim_ascii().len()
    )
}
