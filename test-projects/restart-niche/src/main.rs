//@ why: `None` as a null pointer, or as a number beside the value
//@ pair: option-handled-otherwise
//@ ask: 3 => 3, before: none
//@ edit src/main.rs: replace "last: Option<&'static usize>" with "last: Option<usize>"
//@ edit+ src/main.rs: replace "Some(Box::leak(Box::new(number)))" with "Some(number)"
//@ edit+ src/main.rs: replace "Some(last) => last.to_string()" with "Some(last) => (last + 1).to_string()"
//@ expect: restarted
//@ code: HP0101
//@ reason: Guest
//@ ask: 4 => 4, before: none
//@ ask: 4 => 4, before: 5

struct Guest {
    last: Option<&'static usize>,
}

fn main() {
    let mut guest = Guest { last: None };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", come(&mut guest, line.trim().parse().unwrap_or(0)));
    }
}

fn come(guest: &mut Guest, number: usize) -> String {
    let before = match guest.last {
        Some(last) => last.to_string(),
        None => "none".to_owned(),
    };
    guest.last = Some(Box::leak(Box::new(number)));
    format!("{number}, before: {before}")
}
