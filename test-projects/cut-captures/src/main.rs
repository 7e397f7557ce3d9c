//@ why: closures made before keep the old captures and the old code, new ones have the new
//@ pair: restart-cut-unsafe
//@ ask: make => made 0
//@ ask: 0 => 105
//@ edit src/main.rs: replace "number + base" with "(number + base) * factor"
//@ expect: patched
//@ function: cut_captures::make patched
//@ note: closures made before keep the old ones
//@ ask: 0 => 105
//@ ask: make => made 1
//@ ask: 1 => 210
//@ ask: 0 => 105
//@ edit src/main.rs: replace "(number + base) * factor" with "(number + base) * factor + 1"
//@ expect: patched
//@ ask: 1 => 211
//@ ask: 0 => 105
//@ edit src/main.rs: replace "(number + base) * factor + 1" with "number - factor"
//@ expect: patched
//@ ask: make => made 2
//@ ask: 0 => 105
//@ ask: 1 => 211
//@ ask: 2 => 3

type Compute = Box<dyn Fn(i64) -> i64>;

fn main() {
    let mut made = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut made, &line));
    }
}

fn answer(made: &mut Vec<Compute>, request: &str) -> String {
    if request == "make" {
        made.push(make(100, 2));
        return format!("made {}", made.len() - 1);
    }
    made[request.parse::<usize>().unwrap()](5).to_string()
}

#[allow(unused_variables)]
fn make(base: i64, factor: i64) -> Compute {
    Box::new(move |number| number + base)
}
