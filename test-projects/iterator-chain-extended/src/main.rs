//@ why: a chain of adapters gets one more, while an iterator of the old chain is half consumed
//@ pair: restart-iterator-chain-in-main
//@ ask: old => 10
//@ edit src/main.rs: replace ".map(|number| number * 10)" with ".filter(|number| number % 2 == 0).map(|number| number * 10)"
//@ expect: patched
//@ warm-only: the old ones go on
//@ ask: old => 20
//@ ask: new => 20
//@ ask: old => 30
//@ ask: new => 20
//@ ask: old => 40

type Numbers = Box<dyn Iterator<Item = u32>>;

fn main() {
    let mut old = numbers();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut old, &line));
    }
}

fn answer(old: &mut Numbers, request: &str) -> String {
    let mut new = numbers();
    let numbers = if request == "old" { old } else { &mut new };
    numbers
        .next()
        .map_or("end".to_owned(), |number| number.to_string())
}

fn numbers() -> Numbers {
    Box::new((1..).map(|number| number * 10))
}
