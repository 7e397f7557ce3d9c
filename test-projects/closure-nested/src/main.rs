//@ why: a closure inside of a closure, both made before the edit
//@ pair: restart-closure-nested-type
//@ ask: 4 => 115
//@ edit src/main.rs: replace "number + base + *inner" with "number * base + *inner"
//@ expect: patched
//@ ask: 4 => 411
//@ edit src/main.rs: replace "ten + 1" with "ten + 3"
//@ expect: patched
//@ warm-only: the inner closure was made before
//@ ask: 4 => 411
//@ ask: again => 413

type Function = Box<dyn Fn(u64) -> u64>;
type Maker = Box<dyn Fn(u64) -> Function>;

fn main() {
    let maker = made(10);
    let mut functions = [maker(100)];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut functions, &*maker, &line));
    }
}

fn answer(functions: &mut [Function; 1], maker: &dyn Fn(u64) -> Function, request: &str) -> String {
    if request == "again" {
        functions[0] = maker(100);
        return functions[0](4).to_string();
    }
    functions[0](request.trim().parse().unwrap_or(0)).to_string()
}

fn made(ten: u64) -> Maker {
    Box::new(move |base| {
        let inner = Box::new(ten + 1);
        Box::new(move |number| number + base + *inner)
    })
}
