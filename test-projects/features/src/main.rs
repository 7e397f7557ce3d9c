//@ why: the replayed compiler has the features that cargo gave
//@ run-args: --no-default-features -F fancy
//@ ask: x => fancy x
//@ edit src/main.rs: replace "\"fancy {request}\"" with "\"very fancy {request}\""
//@ expect: patched
//@ ask: x => very fancy x

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

#[cfg(feature = "fancy")]
fn answer(request: &str) -> String {
    format!("fancy {request}")
}

#[cfg(feature = "plain")]
fn answer(request: &str) -> String {
    format!("plain {request}")
}
