//@ why: a function in a section of its own name is a function like the others
//@ pair: restart-fn-registered-at-start
//@ ask: 3 => direct 6, stored 6
//@ edit src/main.rs: replace "number * 2" with "number * 7"
//@ expect: patched
//@ only: fn_link_section::placed patched
//@ ask: 3 => direct 21, stored 21

fn main() {
    let stored: fn(u32) -> u32 = placed;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: fn(u32) -> u32, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!("direct {}, stored {}", placed(number), stored(number))
}

#[unsafe(link_section = ".text.placed")]
fn placed(number: u32) -> u32 {
    number * 2
}
