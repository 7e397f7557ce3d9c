//@ why: an edit that compiles by itself breaks the crate that uses it: nothing of it may become visible
//@ ask: 4 => 40
//@ edit price/src/lib.rs: replace "count: u32) -> u32 {\n    count * 10" with "count: u64) -> u64 {\n    count * 11"
//@ expect: compile-error
//@ stderr: error[E0308]
//@ ask: 4 => 40
//@ edit app/src/main.rs: replace "count: u32" with "count: u64"
//@ expect: patched
//@ ask: 4 => 44

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let count: u32 = request.trim().parse().unwrap_or(0);
    price::of(count).to_string()
}
