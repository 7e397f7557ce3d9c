//@ why: a closure that was made before the edit holds the old captures
//@ pair: closure-stored
//@ ask: 4 => 104
//@ edit src/main.rs: replace "number + base" with "(number + base) * factor"
//@ expect: restarted
//@ code: HP0902
//@ ask: 4 => 208

fn main() {
    let compute = make(100, 2);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", compute(line.trim().parse().unwrap_or(0)));
    }
}

#[allow(unused_variables)]
fn make(base: i64, factor: i64) -> Box<dyn Fn(i64) -> i64> {
    Box::new(move |number| number + base)
}
