//@ why: a closure is inserted in front of two others in a function that contains `unsafe`
//@ pair: closure-inserted
//@ ask: 4 => 14 40
//@ edit src/main.rs: replace "vec![" with "vec![\n        Box::new(move |number| (number - 1 + base - base).to_string()),"
//@ expect: restarted
//@ code: HP0302
//@ reason: contains `unsafe`
//@ ask: 4 => 3 14 40

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
    // SAFETY: 1 is not zero.
    let base = base * unsafe { std::num::NonZeroU64::new_unchecked(1) }.get();
    vec![
        Box::new(move |number| (number + base).to_string()),
        Box::new(move |number| (number * base).to_string()),
    ]
}
