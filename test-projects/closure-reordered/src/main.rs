//@ why: two closures with the same captures change places
//@ pair: restart-closure-reordered-in-main
//@ ask: 4 => 14 40
//@ edit src/main.rs: replace "        Box::new(move |number| (number + base).to_string()),\n        Box::new(move |number| (number * base).to_string()),\n" with "        Box::new(move |number| (number * base).to_string()),\n        Box::new(move |number| (number + base).to_string()),\n"
//@ expect: patched
//@ note: which keep the old code
//@ warm-only: the old ones go on
//@ ask: 4 => 14 40
//@ ask: new => new
//@ ask: 4 => 14 40 40 14

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

fn made(base: u64, _more: u64) -> Vec<Function> {
    vec![
        Box::new(move |number| (number + base).to_string()),
        Box::new(move |number| (number * base).to_string()),
    ]
}
