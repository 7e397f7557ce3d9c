//@ why: a parameter goes away; the pointer that was stored before still passes it to the code that takes it
//@ pair: restart-fn-parameter-removed-dyn
//@ ask: 4 => direct 14, stored 14
//@ edit src/main.rs: replace "shifted(number, 10)" with "shifted(number)"
//@ edit+ src/main.rs: replace "fn shifted(number: i64, by: i64) -> i64 {\n    number + by" with "fn shifted(number: i64) -> i64 {\n    number + 1000"
//@ edit+ src/main.rs: replace "let stored: Shift = shifted;" with "let stored: Shift = |number, by| shifted(number) + by;"
//@ expect: patched
//@ warm-only: main has stored the old function
//@ ask: 4 => direct 1004, stored 14

type Shift = fn(i64, i64) -> i64;

fn main() {
    let stored: Shift = shifted;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: Shift, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!(
        "direct {}, stored {}",
        shifted(number, 10),
        stored(number, 10)
    )
}

fn shifted(number: i64, by: i64) -> i64 {
    number + by
}
