//@ why: a closure is put into a table of function pointers, which is a static of another type then
//@ pair: closure-table
//@ ask: 4 => 14 40
//@ edit src/main.rs: replace "[Function; 2] = [|number| number + 10," with "[Function; 3] = [|number| number - 1, |number| number + 10,"
//@ expect: restarted
//@ code: HP0302 or HP0501
//@ ask: 4 => 3 14

type Function = fn(u64) -> u64;

#[rustfmt::skip]
static TABLE: [Function; 2] = [|number| number + 10, |number| number * 10];

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!("{} {}", TABLE[0](number), TABLE[1](number))
}
