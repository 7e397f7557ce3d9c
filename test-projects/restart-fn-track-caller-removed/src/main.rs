//@ why: the attribute goes away: callers passed a hidden argument, and no caller is left as it was
//@ pair: fn-track-caller-kept
//@ ask: 3 => 3 at 18
//@ edit src/main.rs: replace "#[track_caller]\nfn place(number: u32) -> String {\n    format!(\"{number} at {}\", std::panic::Location::caller().line())" with "fn place(number: u32) -> String {\n    format!(\"{number}\")"
//@ expect: restarted
//@ code: HP0202
//@ reason: track_caller
//@ ask: 3 => 3

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    place(request.trim().parse().unwrap_or(0))
}

#[track_caller]
fn place(number: u32) -> String {
    format!("{number} at {}", std::panic::Location::caller().line())
}
