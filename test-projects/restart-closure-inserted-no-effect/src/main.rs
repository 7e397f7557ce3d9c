//@ why: closures have numbers, not names: with one more above, which is which is no longer certain
//@ pair: two-closures
//@ ask: 4 => 14
//@ edit src/main.rs: replace "vec![Box::new(|number| number + 10)]" with "vec![Box::new(|number| number - 1), Box::new(|number| number + 11)]"
//@ expect: restarted
//@ code: HP0902
//@ ask: 4 => 3 15

type Compute = Box<dyn Fn(i64) -> i64>;

fn main() {
    let all = make();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let number = line.trim().parse().unwrap_or(0);
        println!(
            "{}",
            all.iter()
                .map(|compute| compute(number).to_string())
                .collect::<Vec<_>>()
                .join(" ")
        );
    }
}

fn make() -> Vec<Compute> {
    vec![Box::new(|number| number + 10)]
}
