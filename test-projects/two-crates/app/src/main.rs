//@ why: a function gets another parameter in one crate and its caller follows in another, in one save
//@ ask: 4 => 40
//@ edit price/src/lib.rs: replace "count: u32) -> u32 {\n    count * 10" with "count: u32, discount: u32) -> u32 {\n    count * 10 - discount"
//@ edit+ app/src/main.rs: replace "price::of(count)" with "price::of(count, 7)"
//@ expect: patched
//@ ask: 4 => 33
//@ edit price/src/lib.rs: replace "count * 10 - discount" with "count * 20 - discount"
//@ expect: patched
//@ ask: 4 => 73

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let count = request.trim().parse().unwrap_or(0);
    price::of(count).to_string()
}
