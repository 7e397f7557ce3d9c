//@ why: a number is checked for zero on the way, and is stored as it was
//@ pair: restart-non-zero
//@ ask: 0 => 0
//@ edit src/main.rs: replace "slot.number.to_string()" with "std::num::NonZero::new(slot.number).map_or(\"empty\".to_owned(), |number| number.to_string())"
//@ expect: patched
//@ ask: keep => empty
//@ ask: 8 => 8

struct Slot {
    number: u32,
}

fn main() {
    let mut slot = Slot { number: 1 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", put(&mut slot, &line));
    }
}

fn put(slot: &mut Slot, request: &str) -> String {
    if let Ok(number) = request.parse() {
        slot.number = number;
    }
    slot.number.to_string()
}
