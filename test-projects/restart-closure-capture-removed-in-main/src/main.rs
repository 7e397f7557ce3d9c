//@ why: a closure captures one variable less, and the only one was made by `main`, which never comes there again
//@ pair: closure-capture-removed
//@ ask: 4 => 34
//@ edit src/main.rs: replace "(number + base + more).to_string()" with "(number + more).to_string()"
//@ expect: restarted
//@ code: HP0902
//@ ask: 4 => 24

type Function = Box<dyn Fn(u64) -> String>;

fn main() {
    let functions = made(10, 20);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&functions, &line));
    }
}

fn answer(functions: &[Function], request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    let answers: Vec<String> = functions.iter().map(|function| function(number)).collect();
    answers.join(" ")
}

#[allow(unused_variables)]
fn made(base: u64, more: u64) -> Vec<Function> {
    vec![Box::new(move |number| (number + base + more).to_string())]
}
