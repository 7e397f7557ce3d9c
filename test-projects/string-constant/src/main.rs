//@ why: a text and its length, in a const used by two functions of two modules
//@ ask: x => short (5) short!
//@ edit src/main.rs: replace "TEXT: &str = \"short\"" with "TEXT: &str = \"a considerably longer text\""
//@ expect: patched
//@ ask: x => a considerably longer text (26) a considerably longer text!
//@ edit src/main.rs: replace "\"a considerably longer text\"" with "\"\""
//@ expect: patched
//@ ask: x => (0) !

const TEXT: &str = "short";

mod loud {
    pub fn text() -> String {
        [super::TEXT, "!"].concat()
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    format!("{} ({}) {}", TEXT, TEXT.len(), loud::text())
        .trim_start()
        .to_owned()
}
