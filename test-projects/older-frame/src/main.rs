//@ why: a function is edited twice while a frame of its first version runs: the second report names it as well, and once
//@ ask: 1 => waits: first
//@ edit src/main.rs: replace "waits: first" with "waits: second"
//@ edit+ src/main.rs: replace "number + 1" with "number + 2"
//@ expect: patched
//@ only: older_frame::waits patched, older_frame::next patched, older_frame::waits still-running
//@ warm-only: the frame is that of the first version
//@ ask: 2 => waits: first
//@ edit src/main.rs: replace "waits: second" with "waits: third"
//@ expect: patched
//@ only: older_frame::waits patched, older_frame::waits still-running
//@ ask: 3 => waits: first
//@ send: up
//@ line: back
//@ ask: 4 => waits: third
//@ edit src/main.rs: replace "waits: third" with "waits: fourth"
//@ expect: patched
//@ only: older_frame::waits patched, older_frame::waits still-running
//@ ask: 5 => waits: third
//@ send: up
//@ line: back
//@ ask: 6 => waits: fourth

fn main() {
    println!("ready");
    while waits() {
        println!("back");
    }
}

/// Answers lines until one says `up`.
fn waits() -> bool {
    let mut count = 0;
    for line in std::io::stdin().lines().map_while(Result::ok) {
        if line == "up" {
            return true;
        }
        count = next(count);
        println!("waits: first");
    }
    false
}

fn next(number: u32) -> u32 {
    number + 1
}
