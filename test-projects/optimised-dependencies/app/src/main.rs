//@ why: one member is optimised, the edited one is not
//@ ask: 4 => 46
//@ edit app/src/main.rs: replace "price::of(count) + 6" with "price::of(count) + 7"
//@ expect: patched
//@ only: app::total patched
//@ ask: 4 => 47
//@ edit price/src/lib.rs: replace "count * 10" with "count * 100"
//@ expect: patched
//@ only: price::of patched
//@ ask: 4 => 407

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    total(request.trim().parse().unwrap_or(0)).to_string()
}

fn total(count: u32) -> u32 {
    price::of(count) + 6
}
