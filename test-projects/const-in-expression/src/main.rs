//@ why: a constant that counts in an expression alone
//@ pair: restart-const-in-field
//@ ask: 7 => 7 of 4
//@ edit src/main.rs: replace "SIZE: usize = 4" with "SIZE: usize = 5"
//@ expect: patched
//@ ask: 8 => 15 of 5

const SIZE: usize = 4;

struct Total {
    sum: u32,
}

fn main() {
    let mut total = Total { sum: 0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(&mut total, line.trim().parse().unwrap_or(0)));
    }
}

fn add(total: &mut Total, number: u32) -> String {
    total.sum += number;
    format!("{} of {SIZE}", total.sum)
}
