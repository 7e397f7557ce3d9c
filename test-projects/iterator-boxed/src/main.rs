//@ why: an iterator that is half consumed goes on with the new bodies of its closures
//@ pair: restart-iterator-field
//@ ask: x => 10
//@ ask: x => 30
//@ edit src/main.rs: replace "number * 10" with "number * 100"
//@ expect: patched
//@ warm-only: two were taken before
//@ ask: x => 500
//@ edit src/main.rs: replace "number % 2 == 1" with "number % 2 == 0"
//@ expect: patched
//@ warm-only: three were taken before
//@ ask: x => 600
//@ ask: x => 800

type Numbers = Box<dyn Iterator<Item = u32>>;

fn main() {
    let mut numbers = numbers();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut numbers, &line));
    }
}

fn answer(numbers: &mut Numbers, _request: &str) -> String {
    numbers
        .next()
        .map_or("end".to_owned(), |number| number.to_string())
}

fn numbers() -> Numbers {
    Box::new(
        (1..)
            .filter(|number| number % 2 == 1)
            .map(|number| number * 10),
    )
}
