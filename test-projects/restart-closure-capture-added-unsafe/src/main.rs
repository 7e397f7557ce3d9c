//@ why: who makes the closures makes them a raw pointer and back, which could give an old one the type of the new (here it does not: nobody can know that)
//@ pair: closure-capture-added
//@ ask: 4 => 14
//@ edit src/main.rs: replace "(number + base).to_string()" with "(number + base + more).to_string()"
//@ expect: restarted
//@ code: HP0301
//@ reason: in its signature
//@ ask: 4 => 34
//@ ask: new => new
//@ ask: 4 => 34 34

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
    let function = Box::into_raw(Box::new(move |number: u64| (number + base).to_string()));
    // SAFETY: it is from the line above.
    vec![unsafe { Box::from_raw(function) }]
}
