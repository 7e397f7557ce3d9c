//@ why: attributes of a type that move nothing
//@ pair: restart-repr-packed
//@ ask: x => 1 of 200
//@ edit src/main.rs: replace "struct Mixed" with "#[must_use]\n#[allow(dead_code)]\nstruct Mixed"
//@ edit+ src/main.rs: replace "\"{} of {}\"" with "\"{} out of {}\""
//@ expect: patched
//@ only: must_use_added::next patched
//@ ask: x => 2 out of 200

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
    format!("{} of {}", mixed.small, { mixed.large })
}
