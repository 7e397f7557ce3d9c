//@ why: closures that were made before the edit, with captures by value and by reference, run the new bodies
//@ pair: restart-closure-any
//@ ask: 4 => 4 100 1 | 4 1
//@ edit src/main.rs: replace "\"{number} {base} {}\"" with "\"{base} {number} {}\""
//@ edit+ src/main.rs: replace "*calls += 1;" with "*calls += 10;"
//@ expect: patched
//@ warm-only: they were called before
//@ ask: 4 => 100 4 11 | 4 11

type Function = Box<dyn FnMut(u32) -> String>;

fn main() {
    let mut functions = [by_value(100), by_reference(Box::leak(Box::new(0)))];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut functions, &line));
    }
}

fn answer(functions: &mut [Function], request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    let answers: Vec<String> = functions
        .iter_mut()
        .map(|function| function(number))
        .collect();
    answers.join(" | ")
}

fn by_value(base: u32) -> Function {
    let mut calls = Box::new(0);
    Box::new(move |number| {
        *calls += 1;
        format!("{number} {base} {}", calls)
    })
}

fn by_reference(count: &'static mut u32) -> Function {
    Box::new(|number| {
        *count += number / 4;
        let count = *count;
        format!("{number} {}", if count > 1 { 9 + count } else { count })
    })
}
