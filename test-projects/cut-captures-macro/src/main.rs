//@ why: a macro of the workspace makes the closures, and has no unsafe code
//@ pair: restart-cut-unsafe-macro
//@ ask: make => made 0
//@ ask: 0 => 105
//@ edit src/main.rs: replace "number + base" with "(number + base) * factor"
//@ expect: patched
//@ note: closures made before keep the old ones
//@ ask: 0 => 105
//@ ask: make => made 1
//@ ask: 1 => 210
//@ ask: 0 => 105

type Compute = Box<dyn Fn(i64) -> i64>;

macro_rules! boxed {
    ($compute:expr) => {{
        let compute = $compute;
        Box::new(move |number| compute(number))
    }};
}

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
    boxed!(move |number: i64| number + base)
}
