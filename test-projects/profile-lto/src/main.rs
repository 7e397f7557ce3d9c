//@ why: link-time optimisation is switched off in the tool's own build, and it says so
//@ warning: HP0002
//@ ask: x => one x
//@ edit src/main.rs: replace "one {request}" with "two {request}"
//@ expect: patched
//@ ask: x => two x

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

#[inline(never)]
fn answer(request: &str) -> String {
    decorated(request)
}

#[inline(never)]
fn decorated(request: &str) -> String {
    format!("one {request}")
}
