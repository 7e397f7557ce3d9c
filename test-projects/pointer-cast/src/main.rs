//@ why: a pointer is written through after a cast; the field keeps its type
//@ pair: restart-pointer-mutability
//@ ask: 4 => 4
//@ edit src/main.rs: replace "*hand.at = value" with "*hand.at += value"
//@ expect: patched
//@ warm-only: a cold start adds from the beginning
//@ ask: 5 => 9

struct Hand {
    at: *mut u32,
}

fn main() {
    let mut place = 0;
    let hand = Hand { at: &raw mut place };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", put(&hand, line.trim().parse().unwrap_or(0)));
    }
}

fn put(hand: &Hand, value: u32) -> String {
    // SAFETY: points into main's frame, and there is one thread.
    unsafe {
        *hand.at = value;
        *hand.at
    }
    .to_string()
}
