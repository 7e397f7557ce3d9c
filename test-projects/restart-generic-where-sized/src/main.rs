//@ why: a bound takes a method out of the vtables of a trait, and the next one moves up
//@ pair: generic-where-clause
//@ ask: x => one two
//@ edit src/main.rs: replace "fn one(&self) -> &str;" with "fn one(&self) -> &str\n    where\n        Self: Sized;"
//@ edit+ src/main.rs: replace "words.one(), words.two()" with "Words.one(), words.two()"
//@ edit+ src/main.rs: replace "\"one\"" with "\"ONE\""
//@ expect: restarted
//@ code: HP0401
//@ ask: x => ONE two

trait Named {
    fn one(&self) -> &str;
    fn two(&self) -> &str;
}

struct Words;

impl Named for Words {
    fn one(&self) -> &str {
        "one"
    }
    fn two(&self) -> &str {
        "two"
    }
}

fn main() {
    let words: Box<dyn Named> = Box::new(Words);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*words, &line));
    }
}

fn answer(words: &dyn Named, _request: &str) -> String {
    format!("{} {}", words.one(), words.two())
}
