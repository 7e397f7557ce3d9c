//@ why: an attribute that changes nothing about how a function is called, and an edited body
//@ pair: restart-fn-repr-of-argument
//@ ask: 3 => direct 13, stored 13
//@ edit src/main.rs: replace "fn shifted(number: u32) -> u32 {\n    number + 10" with "#[cold]\n#[must_use]\nfn shifted(number: u32) -> u32 {\n    number + 20"
//@ expect: patched
//@ only: fn_cold_added::shifted patched
//@ ask: 3 => direct 23, stored 23

fn main() {
    let stored: fn(u32) -> u32 = shifted;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: fn(u32) -> u32, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!("direct {}, stored {}", shifted(number), stored(number))
}

fn shifted(number: u32) -> u32 {
    number + 10
}
