//@ why: a registry of boxed FnMut with state of their own, some of them registered by new code
//@ pair: restart-captures-swapped-no-effect
//@ ask: call => count 1
//@ edit src/main.rs: replace "\"count {count}\"" with "\"counted {count}\""
//@ expect: patched
//@ warm-only: nothing has asked before
//@ ask: call => counted 2
//@ ask: add => added
//@ ask: call => counted 3 counted 1

type Callback = Box<dyn FnMut() -> String>;

fn main() {
    let mut registry: Vec<Callback> = vec![counter()];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut registry, &line));
    }
}

fn answer(registry: &mut Vec<Callback>, request: &str) -> String {
    if request == "add" {
        registry.push(counter());
        return "added".to_owned();
    }
    let mut answers = Vec::new();
    for callback in registry {
        answers.push(callback());
    }
    answers.join(" ")
}

fn counter() -> Callback {
    let mut count = 0;
    Box::new(move || {
        count += 1;
        format!("count {count}")
    })
}
