//@ why: values that live are not aligned to 64 bytes, and the elements of a vector are as far apart as they were
//@ pair: aligned-new-type
//@ ask: 4 => 4
//@ ask: 5 => 9
//@ edit src/main.rs: replace "struct Total" with "#[repr(align(64))]\nstruct Total"
//@ edit+ src/main.rs: replace "let part = amount;" with "let part = amount + 1;"
//@ expect: restarted
//@ code: HP0101
//@ reason: Total
//@ ask: 6 => 7

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
