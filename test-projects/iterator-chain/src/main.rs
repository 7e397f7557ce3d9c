//@ why: closures that live only while an iterator chain runs
//@ ask: 5 => [1, 9, 25]
//@ edit src/main.rs: replace "number * number" with "number * number * number"
//@ expect: patched
//@ ask: 5 => [1, 27, 125]
//@ edit src/main.rs: replace "number % 2 == 1" with "number % 2 == 0"
//@ expect: patched
//@ ask: 5 => [8, 64]

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let last: u64 = request.trim().parse().unwrap_or(0);
    let odd = (1..=last)
        .filter(|number| number % 2 == 1)
        .map(|number| number * number);
    format!("{:?}", odd.collect::<Vec<_>>())
}
