//@ why: two closures with the same captures change places, and nobody makes them again
//@ pair: closure-reordered
//@ ask: 4 => 14 40
//@ edit src/main.rs: replace "        Box::new(move |number| (number + base).to_string()),\n        Box::new(move |number| (number * base).to_string()),\n" with "        Box::new(move |number| (number * base).to_string()),\n        Box::new(move |number| (number + base).to_string()),\n"
//@ expect: restarted
//@ code: HP0902
//@ ask: 4 => 40 14

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

fn made(base: u64, _more: u64) -> Vec<Function> {
    vec![
        Box::new(move |number| (number + base).to_string()),
        Box::new(move |number| (number * base).to_string()),
    ]
}
