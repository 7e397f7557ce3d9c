//@ why: with `repr(C)` the order in the text is the order in memory
//@ pair: rust-fields-reordered
//@ ask: x => 1 of 200
//@ edit src/main.rs: replace "    small: u8,\n    large: u64,\n" with "    large: u64,\n    small: u8,\n"
//@ edit+ src/main.rs: replace "\"{} of {}\"" with "\"{} out of {}\""
//@ expect: restarted
//@ code: HP0101
//@ reason: Mixed
//@ ask: x => 1 out of 200

#[repr(C)]
struct Mixed {
    small: u8,
    large: u64,
}

fn main() {
    let mut mixed = Mixed {
        small: 0,
        large: 200,
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            next(&mut mixed)
        });
    }
}

fn next(mixed: &mut Mixed) -> String {
    mixed.small += 1;
    format!("{} of {}", mixed.small, mixed.large)
}
