//@ why: a recursive function calls its own new code, and its address taken inside is the one taken outside
//@ ask: 4 => 10 true
//@ edit src/main.rs: replace "number + sum(number - 1)" with "number * 10 + sum(number - 1)"
//@ expect: patched
//@ only: recursion::sum patched
//@ ask: 4 => 100 true
//@ edit src/main.rs: replace "if number == 0" with "if number <= 1"
//@ expect: patched
//@ ask: 4 => 90 true

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let same = sum as fn(i64) -> i64 as usize == own_address(0)
        && own_address as fn(usize) -> usize as usize == own_address(1);
    format!("{} {same}", sum(request.trim().parse().unwrap_or(0)))
}

fn own_address(which: usize) -> usize {
    if which == 0 {
        sum as fn(i64) -> i64 as usize
    } else {
        own_address as fn(usize) -> usize as usize
    }
}

fn sum(number: i64) -> i64 {
    if number == 0 {
        0
    } else {
        number + sum(number - 1)
    }
}
