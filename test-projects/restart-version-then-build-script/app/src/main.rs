//@ why: a crate with another version is another one to cargo: its build script is watched all the same
//@ ask: x => hello 0.1.0
//@ edit words/Cargo.toml: replace "0.1.0" with "0.2.0"
//@ expect: restarted
//@ code: HP0601
//@ reason: the manifest of `words` changed
//@ ask: x => hello 0.2.0
//@ edit words/build.rs: replace "hello" with "bye"
//@ expect: restarted
//@ code: HP0602
//@ ask: x => bye 0.2.0
//@ edit words/src/lib.rs: replace "{} {}" with "{}, {}"
//@ expect: patched
//@ ask: x => bye, 0.2.0

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    words::word()
}
