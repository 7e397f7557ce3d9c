//@ why: `-p` picks one program of a workspace that has two
//@ run-args: -p two
//@ ask: x => this is two
//@ edit shared/src/lib.rs: replace "this is" with "here is"
//@ expect: patched
//@ ask: x => here is two

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    shared::name("two")
}
