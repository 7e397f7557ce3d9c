//@ why: a function gets a new slot for its new signature, and only a frame that runs already would call it
//@ pair: fn-removed-under-frame
//@ ask: 4 => frame 14
//@ edit src/main.rs: replace "offset(number))" with "offset(number, 1000))"
//@ edit+ src/main.rs: replace "fn offset(number: i64) -> i64 {\n    number + 10\n}\n" with "fn offset(number: i64, by: i64) -> i64 {\n    number + by\n}\n"
//@ expect: restarted
//@ code: HP0902
//@ ask: 4 => frame 1004

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let number: i64 = line.trim().parse().unwrap_or(0);
        println!("frame {}", offset(number));
    }
}

fn offset(number: i64) -> i64 {
    number + 10
}
