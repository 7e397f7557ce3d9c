//@ why: a closure owns what it only referred to: the same size, and another destructor
//@ ask: 4 => 4 text
//@ edit src/main.rs: replace "let text: &'static String = Box::leak(Box::new(\"text\".to_owned()));" with "let text: Box<String> = Box::new(\"TEXT\".to_owned());"
//@ expect: patched or restarted
//@ code: HP0301
//@ ask: 4 =~ 4
//@ ask: new => new
//@ ask: 4 => 4 TEXT

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
        *functions = made(10, 20);
        return "new".to_owned();
    }
    let number = request.trim().parse().unwrap_or(0);
    let answers: Vec<String> = functions.iter().map(|function| function(number)).collect();
    answers.join(" ")
}

fn made(_base: u64, _more: u64) -> Vec<Function> {
    let text: &'static String = Box::leak(Box::new("text".to_owned()));
    vec![Box::new(move |number| format!("{number} {text}"))]
}
