//@ why: the condition of a statement is turned around
//@ pair: restart-cfg-on-field
//@ ask: x => 1
//@ edit src/main.rs: replace "    #[cfg(not(unix))]\n    let step" with "    #[cfg(unix)]\n    let step"
//@ expect: patched
//@ only: cfg_on_statement::count patched
//@ warm-only: a cold start counts in the new way from the beginning
//@ ask: x => 11

#[derive(Default)]
struct Counter {
    seen: u32,
}

fn main() {
    let mut counter = Counter::default();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            count(&mut counter)
        });
    }
}

fn count(counter: &mut Counter) -> String {
    let step = 1;
    #[cfg(not(unix))]
    let step = step * 10;
    counter.seen += step;
    counter.seen.to_string()
}
