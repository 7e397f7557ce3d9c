//@ why: raw pointers inside of what a library does with a closure travel with the code that knows their type
//@ pair: restart-cut-raw-pointer
//@ ask: make => 0
//@ ask: 0 => 105 whole
//@ edit src/main.rs: replace "let found = number + base;" with "let found = number + base + factor;"
//@ expect: patched
//@ ask: 0 => 105 whole
//@ ask: make => 1
//@ ask: 1 => 112 whole
//@ ask: 0 => 105 whole

fn main() {
    let mut kept = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut kept, &line, 100, 0x600d, 7));
    }
}

#[allow(unused_variables)]
fn answer(kept: &mut Vec<erased::Erased>, request: &str, base: i64, mark: i64, factor: i64) -> String {
    if let Ok(number) = request.parse::<usize>() {
        return kept[number].call(5);
    }
    kept.push(erased::Erased::new(move |number: i64| {
        let found = number + base;
        let state = if mark == 0x600d { "whole" } else { "torn" };
        format!("{found} {state}")
    }));
    (kept.len() - 1).to_string()
}
