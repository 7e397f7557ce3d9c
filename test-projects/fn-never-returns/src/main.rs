//@ why: a function that never returned returns now, and one that returned never does; both have direct callers only
//@ pair: restart-fn-never-returns-dyn
//@ ask: 2 => error: even
//@ ask: 3 => odd
//@ edit src/main.rs: replace "fn refused(text: &str) -> ! {\n    std::panic::panic_any(text.to_owned())" with "fn refused(text: &str) -> String {\n    format!(\"refused: {text}\")"
//@ edit+ src/main.rs: replace "fn accepted(text: &str) -> String {\n    text.to_owned()" with "fn accepted(text: &str) -> ! {\n    std::panic::panic_any(text.to_owned())"
//@ expect: patched
//@ ask: 2 => refused: even
//@ ask: 3 => error: odd

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let number: u32 = request.trim().parse().unwrap_or(0);
    let result = std::panic::catch_unwind(|| {
        if number % 2 == 0 {
            refused("even")
        } else {
            accepted("odd")
        }
    });
    result.unwrap_or_else(|payload| format!("error: {}", payload.downcast_ref::<String>().unwrap()))
}

fn refused(text: &str) -> ! {
    std::panic::panic_any(text.to_owned())
}

fn accepted(text: &str) -> String {
    text.to_owned()
}
