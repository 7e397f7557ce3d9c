//@ why: a function that runs in the compiler as well as in the program
//@ ask: 4 => table [1, 2, 4], now 16
//@ edit src/main.rs: replace "result *= 2" with "result *= 3"
//@ expect: patched
//@ ask: 4 => table [1, 3, 9], now 81

const TABLE: [u64; 3] = [power(0), power(1), power(2)];

const fn power(exponent: u32) -> u64 {
    let mut result = 1;
    let mut done = 0;
    while done < exponent {
        result *= 2;
        done += 1;
    }
    result
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    format!(
        "table {TABLE:?}, now {}",
        power(request.trim().parse().unwrap_or(0))
    )
}
