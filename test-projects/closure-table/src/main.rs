//@ why: closures without captures in a table of function pointers: a pointer that was copied from it goes on
//@ pair: restart-closure-table-grown
//@ ask: 4 => 14 40, copied 14
//@ edit src/main.rs: replace "number + 10" with "number + 20"
//@ expect: patched
//@ ask: 4 => 24 40, copied 24

type Function = fn(u64) -> u64;

static TABLE: [Function; 2] = [|number| number + 10, |number| number * 10];

fn main() {
    let copied = TABLE[0];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(copied, &line));
    }
}

fn answer(copied: Function, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!(
        "{} {}, copied {}",
        TABLE[0](number),
        TABLE[1](number),
        copied(number)
    )
}
