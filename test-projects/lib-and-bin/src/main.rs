//@ why: one package with a library and a program
//@ ask: 3 => 3 squared is 9
//@ edit src/lib.rs: replace "number * number" with "number * number * number"
//@ expect: patched
//@ only: lib_and_bin::power patched
//@ ask: 3 => 3 squared is 27
//@ edit src/main.rs: replace "squared" with "cubed"
//@ expect: patched
//@ ask: 3 => 3 cubed is 27

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!("{number} squared is {}", lib_and_bin::power(number))
}
