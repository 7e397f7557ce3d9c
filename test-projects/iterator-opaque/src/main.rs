//@ why: a function returns another opaque type; its callers are compiled anew, and boxes of the old type go on
//@ pair: restart-iterator-opaque-static
//@ ask: old => 1
//@ ask: new => 1 2 3
//@ edit src/main.rs: replace "    1..\n" with "    (1..).step_by(5)\n"
//@ expect: patched
//@ warm-only: the old iterator was made before
//@ ask: new => 1 6 11
//@ ask: old => 2
//@ ask: replace => replaced
//@ ask: old => 1
//@ ask: old => 6

type Numbers = Box<dyn Iterator<Item = u32>>;

fn main() {
    let mut old: Numbers = boxed();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut old, &line));
    }
}

fn answer(old: &mut Numbers, request: &str) -> String {
    match request {
        "old" => old.next().unwrap_or(0).to_string(),
        "replace" => {
            *old = boxed();
            "replaced".to_owned()
        }
        _ => {
            let three: Vec<String> = numbers().take(3).map(|number| number.to_string()).collect();
            three.join(" ")
        }
    }
}

fn boxed() -> Numbers {
    Box::new(numbers())
}

fn numbers() -> impl Iterator<Item = u32> {
    1..
}
