//@ why: a build script, and what it reads
//@ pair: include-str
//@ ask: x => hello one two
//@ edit build.rs: replace "GREETING=hello" with "GREETING=bye"
//@ expect: restarted
//@ code: HP0602
//@ ask: x => bye one two
//@ edit words.txt: replace "two" with "three"
//@ expect: restarted
//@ code: HP0602
//@ ask: x => bye one three
//@ edit src/main.rs: replace "{} {}" with "{}, {}"
//@ expect: patched
//@ ask: x => bye, one three

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    format!("{} {}", env!("GREETING"), env!("WORDS"))
}
