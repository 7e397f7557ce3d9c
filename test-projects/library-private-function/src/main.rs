//@ why: new code uses a function of which the standard library has a copy of its own, which takes its argument otherwise
//@ ask: 7 => 7
//@ edit src/main.rs: replace "number.to_string()" with "shown(number)"
//@ expect: patched
//@ ask: 7 => 7 7

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

#[inline(never)]
fn answer(request: &str) -> String {
    let number: u64 = request.trim().parse().unwrap_or(0);
    number.to_string()
}

#[allow(dead_code, reason = "it is used after the edit")]
#[inline(never)]
fn shown(number: u64) -> String {
    format!("{number:?} {number}")
}
