//@ why: an iterator is made with another function: the one that is half consumed keeps its own, new ones have the new one
//@ pair: restart-iterator-opaque-in-frame
//@ ask: old => 10
//@ ask: new => 10
//@ edit src/main.rs: replace ".map(tenfold)" with ".map(hundredfold)"
//@ expect: patched
//@ warm-only: the old iterator was made before
//@ ask: new => 100
//@ ask: old => 20
//@ edit src/main.rs: replace "number * 10\n" with "number * 11\n"
//@ edit+ src/main.rs: replace "number * 100\n" with "number * 101\n"
//@ expect: patched
//@ warm-only: as above
//@ ask: new => 101
//@ ask: old => 30

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
    Box::new((1..).map(tenfold))
}

fn tenfold(number: u32) -> u32 {
    number * 10
}

#[allow(dead_code)]
fn hundredfold(number: u32) -> u32 {
    number * 100
}
