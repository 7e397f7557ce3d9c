//@ why: an enum with another variant has other values, or a place for them where old code knows none
//@ pair: enum-match
//@ ask: x => Idle
//@ edit src/main.rs: replace "    Busy,\n" with "    Busy,\n    Waiting(u64),\n"
//@ expect: restarted
//@ code: HP0101 or HP0102
//@ reason: Mode
//@ ask: x => Idle

#[derive(Debug, Clone)]
#[allow(dead_code)]
enum Mode {
    Idle,
    Busy,
}

fn main() {
    let mut mode = Mode::Idle;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", next(&mut mode, &line));
    }
}

fn next(mode: &mut Mode, request: &str) -> String {
    let shown = format!("{mode:?}");
    if request == "go" {
        *mode = Mode::Busy;
    }
    shown
}
