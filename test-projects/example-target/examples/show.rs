//@ why: an example as the program, with the package's library below
//@ run-args: --example show
//@ ask: x => example library x
//@ edit examples/show.rs: replace "example {}" with "EXAMPLE {}"
//@ expect: patched
//@ ask: x => EXAMPLE library x
//@ edit src/lib.rs: replace "library {text}" with "LIBRARY {text}"
//@ expect: patched
//@ ask: x => EXAMPLE LIBRARY x

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    format!("example {}", example_target::shared(request))
}
