//@ why: a smaller field: new code would read a part of the old value, and old code more than there is
//@ pair: local-shrunk
//@ ask: 300 => 300
//@ edit src/main.rs: replace "sum: u64," with "sum: u8,"
//@ edit+ src/main.rs: replace "let part: u64 = amount;" with "let part = (amount % 256) as u8;"
//@ edit+ src/main.rs: replace "u64::from(part)" with "part"
//@ expect: restarted
//@ code: HP0101
//@ reason: was `u64`, now it is `u8`
//@ ask: 300 => 44

struct Total {
    sum: u64,
}

fn main() {
    let mut total = Total { sum: 0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(&mut total, line.trim().parse().unwrap_or(0)));
    }
}

fn add(total: &mut Total, amount: u64) -> String {
    let part: u64 = amount;
    total.sum += u64::from(part);
    total.sum.to_string()
}
