//@ why: a chain of adapters gets one more, and the only iterator is half consumed
//@ pair: iterator-chain-extended
//@ ask: old => 10
//@ edit src/main.rs: replace ".map(|number| number * 10)" with ".filter(|number| number % 2 == 0).map(|number| number * 10)"
//@ expect: restarted
//@ code: HP0902
//@ ask: old => 20
//@ ask: old => 40

type Numbers = Box<dyn Iterator<Item = u32>>;

fn main() {
    let mut old = numbers();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut old, &line));
    }
}

fn answer(old: &mut Numbers, _request: &str) -> String {
    old
        .next()
        .map_or("end".to_owned(), |number| number.to_string())
}

fn numbers() -> Numbers {
    Box::new((1..).map(|number| number * 10))
}
