//@ why: a function that is compiled into its callers gets another body; then it is no longer compiled into them, and back
//@ pair: restart-fn-inline-always-dyn
//@ ask: 4 => direct 14, stored 14
//@ edit src/main.rs: replace "number + 10" with "number + 20"
//@ expect: patched
//@ ask: 4 => direct 24, stored 24
//@ edit src/main.rs: replace "#[inline(always)]\n" with ""
//@ edit+ src/main.rs: replace "number + 20" with "number + 30"
//@ expect: patched
//@ ask: 4 => direct 34, stored 34
//@ edit src/main.rs: replace "fn shifted" with "#[inline(always)]\nfn shifted"
//@ edit+ src/main.rs: replace "number + 30" with "number + 40"
//@ expect: patched
//@ ask: 4 => direct 44, stored 44

fn main() {
    let stored: fn(u32) -> u32 = shifted;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: fn(u32) -> u32, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!("direct {}, stored {}", shifted(number), stored(number))
}

#[inline(always)]
fn shifted(number: u32) -> u32 {
    number + 10
}
