//@ why: a type with an alignment of its own, which nobody has values of yet
//@ pair: restart-repr-align
//@ ask: 4 => 4
//@ ask: 5 => 9
//@ edit src/main.rs: append "\n#[repr(align(64))]\nstruct Line {\n    value: u32,\n}\n"
//@ edit+ src/main.rs: replace "let part = amount;" with "let part = Line { value: amount + 1 };\n    assert!(std::ptr::from_ref(&part).addr().is_multiple_of(64));\n    let part = part.value;"
//@ expect: patched
//@ only: aligned_new_type::add patched
//@ warm-only: a cold start counts in the new way from the beginning
//@ ask: 6 => 16

struct Total {
    sum: u32,
}

fn main() {
    let mut totals = vec![Total { sum: 0 }, Total { sum: 0 }];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(&mut totals[1], line.trim().parse().unwrap_or(0)));
    }
}

fn add(total: &mut Total, amount: u32) -> String {
    let part = amount;
    total.sum += part;
    total.sum.to_string()
}
