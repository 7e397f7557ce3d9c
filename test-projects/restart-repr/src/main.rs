//@ why: an attribute moves the fields
//@ pair: derive-added
//@ ask: x => 1 2 3
//@ edit src/main.rs: replace "struct Mixed" with "#[repr(C)]\nstruct Mixed"
//@ expect: restarted
//@ code: HP0101
//@ reason: Mixed
//@ ask: x => 1 2 3

struct Mixed {
    small: u8,
    large: u64,
    middle: u16,
}

fn main() {
    let mixed = Mixed {
        small: 1,
        large: 2,
        middle: 3,
    };
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", show(&mixed));
    }
}

fn show(mixed: &Mixed) -> String {
    format!("{} {} {}", mixed.small, mixed.large, mixed.middle)
}
