//@ why: two parameters of one type are exchanged: for a caller that was not edited it is another body, as after a cold start
//@ pair: restart-fn-arguments-swapped-field
//@ ask: 10 => direct 7, stored 9
//@ edit src/main.rs: replace "less(number, 3)" with "less(3, number)"
//@ edit+ src/main.rs: replace "fn less(number: i64, by: i64)" with "fn less(by: i64, number: i64)"
//@ expect: patched
//@ ask: 10 => direct 7, stored -9

type Less = fn(i64, i64) -> i64;

fn main() {
    let stored: Less = less;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: Less, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!("direct {}, stored {}", less(number, 3), stored(number, 1))
}

fn less(number: i64, by: i64) -> i64 {
    number - by
}
