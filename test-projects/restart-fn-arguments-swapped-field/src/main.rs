//@ why: two parameters of two types are exchanged, and a value that exists holds a pointer to the function
//@ pair: fn-arguments-swapped
//@ ask: 10 => 7
//@ edit src/main.rs: replace "less: fn(i64, u8) -> i64," with "less: fn(u8, i64) -> i64,"
//@ edit+ src/main.rs: replace "(operation.less)(number, 3)" with "(operation.less)(3, number)"
//@ edit+ src/main.rs: replace "fn less(number: i64, by: u8)" with "fn less(by: u8, number: i64)"
//@ expect: restarted
//@ code: HP0101 or HP0102
//@ reason: Operation
//@ ask: 10 => 7

struct Operation {
    less: fn(i64, u8) -> i64,
}

fn main() {
    let operation = Operation { less };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&operation, &line));
    }
}

fn answer(operation: &Operation, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    (operation.less)(number, 3).to_string()
}

fn less(number: i64, by: u8) -> i64 {
    number - i64::from(by)
}
