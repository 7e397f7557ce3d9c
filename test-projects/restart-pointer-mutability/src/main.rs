//@ why: a pointer that was made for reading becomes one for writing; old ones may point to what must not be written to
//@ pair: pointer-cast
//@ ask: 4 => 4
//@ edit src/main.rs: replace "    at: *const u32," with "    at: *mut u32,"
//@ edit+ src/main.rs: replace "&raw const PLACE" with "Box::leak(Box::new(PLACE))"
//@ edit+ src/main.rs: replace "*hand.at + value" with "*hand.at += value;\n        *hand.at"
//@ expect: restarted
//@ code: HP0101
//@ reason: Hand
//@ ask: 5 => 5
//@ ask: 5 => 10

struct Hand {
    at: *const u32,
}

static PLACE: u32 = 0;

fn main() {
    let hand = Hand {
        at: &raw const PLACE,
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", put(&hand, line.trim().parse().unwrap_or(0)));
    }
}

fn put(hand: &Hand, value: u32) -> String {
    // SAFETY: points to what lives as long as the program.
    unsafe { *hand.at + value }.to_string()
}
