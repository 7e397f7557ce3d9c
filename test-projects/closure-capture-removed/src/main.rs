//@ why: a closure captures one variable less, and the other one moves to its place
//@ pair: restart-closure-capture-removed-in-main
//@ ask: 4 => 34
//@ edit src/main.rs: replace "(number + base + more).to_string()" with "(number + more).to_string()"
//@ expect: patched
//@ note: closures made before keep the old ones
//@ warm-only: the old ones go on
//@ ask: 4 => 34
//@ ask: new => new
//@ ask: 4 => 34 24

type Function = Box<dyn Fn(u64) -> String>;

fn main() {
    let mut functions = made(10, 20);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut functions, &line));
    }
}

fn answer(functions: &mut Vec<Function>, request: &str) -> String {
    if request == "new" {
        functions.extend(made(10, 20));
        return "new".to_owned();
    }
    let number = request.trim().parse().unwrap_or(0);
    let answers: Vec<String> = functions.iter().map(|function| function(number)).collect();
    answers.join(" ")
}

#[allow(unused_variables)]
fn made(base: u64, more: u64) -> Vec<Function> {
    vec![Box::new(move |number| (number + base + more).to_string())]
}
