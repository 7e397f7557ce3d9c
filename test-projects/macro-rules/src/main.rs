//@ why: an edit of a macro is an edit of each function that uses it
//@ pair: restart-proc-macro
//@ ask: 3 => [3]-[4]
//@ edit src/main.rs: replace "format!(\"[{}]\", $value)" with "format!(\"<{}>\", $value * 10)"
//@ expect: patched
//@ only: macro_rules::left patched, macro_rules::right patched
//@ ask: 3 => <30>-<40>

macro_rules! boxed {
    ($value:expr) => {
        format!("[{}]", $value)
    };
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let number: i64 = request.trim().parse().unwrap_or(0);
    format!("{}-{}", left(number), right(number))
}

fn left(number: i64) -> String {
    boxed!(number)
}

fn right(number: i64) -> String {
    boxed!((number + 1))
}
