//@ why: captures of the same types, in another order: the same bytes mean something else
//@ pair: callback-registry
//@ ask: 4 => 4 100 2
//@ edit src/main.rs: replace "format!(\"{number} {base} {factor}\")" with "format!(\"{factor} {number} {base}\")"
//@ expect: restarted
//@ code: HP0902
//@ ask: 4 => 2 4 100

fn main() {
    let compute = make(100, 2);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", compute(line.trim().parse().unwrap_or(0)));
    }
}

fn make(base: i64, factor: i64) -> Box<dyn Fn(i64) -> String> {
    Box::new(move |number| format!("{number} {base} {factor}"))
}
