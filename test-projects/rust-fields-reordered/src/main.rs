//@ why: the order in the text is the compiler's to choose from: fields of different sizes stay where they are
//@ pair: restart-c-fields-reordered
//@ ask: x => 1 of 200
//@ edit src/main.rs: replace "    small: u8,\n    large: u64,\n" with "    large: u64,\n    small: u8,\n"
//@ edit+ src/main.rs: replace "\"{} of {}\"" with "\"{} out of {}\""
//@ expect: patched
//@ ask: x => 2 out of 200

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
