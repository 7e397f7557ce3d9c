//@ why: two crates that call each other, one of them through a function pointer; both are edited in one save
//@ ask: 5 => OEOEO.
//@ edit app/src/main.rs: replace "\"O\"" with "\"o\""
//@ edit+ even/src/lib.rs: replace "\"E\"" with "\"e\""
//@ expect: patched
//@ ask: 5 => oeoeo.
//@ edit even/src/lib.rs: replace "'.'" with "'!'"
//@ expect: patched
//@ ask: 4 => eoeo!

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let number: u32 = request.trim().parse().unwrap_or(0);
    let mut out = String::new();
    if number % 2 == 0 {
        even::even(number, &mut out, odd)
    } else {
        odd(number, &mut out)
    }
    out
}

fn odd(number: u32, out: &mut String) {
    out.push_str("O");
    even::even(number - 1, out, odd);
}
