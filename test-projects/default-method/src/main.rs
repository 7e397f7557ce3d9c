//@ why: a default method of a trait, generic and called statically for two types
//@ ask: x => <a:1> <b:2>
//@ edit src/main.rs: replace "format!(\"<{}:{value}>\", self.tag())" with "format!(\"[{}={value}]\", self.tag())"
//@ expect: patched
//@ ask: x => [a=1] [b=2]

use std::fmt::Display;

trait Tagged {
    fn tag(&self) -> char;
    fn show<T: Display>(&self, value: T) -> String {
        format!("<{}:{value}>", self.tag())
    }
}

struct A;
struct B;

impl Tagged for A {
    fn tag(&self) -> char {
        'a'
    }
}

impl Tagged for B {
    fn tag(&self) -> char {
        'b'
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    format!("{} {}", A.show(1), B.show("2"))
}
