//@ why: variables of a function begin anew with each call, whatever their type
//@ pair: restart-field-shrunk
//@ ask: 300 => 300
//@ edit src/main.rs: replace "let part: u64 = amount;" with "let part: u8 = (amount % 256) as u8;"
//@ expect: patched
//@ only: local_shrunk::add patched
//@ warm-only: a cold start counts in the new way from the beginning
//@ ask: 300 => 344

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
