//@ why: a zero that lives is no value of the new type
//@ pair: non-zero-local
//@ ask: 0 => 0
//@ edit src/main.rs: replace "number: u32," with "number: std::num::NonZero<u32>,"
//@ edit+ src/main.rs: replace "number: 1 }" with "number: std::num::NonZero::<u32>::MIN }"
//@ expect: restarted
//@ code: HP0101
//@ reason: Slot
//@ ask: 0 => 1

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
