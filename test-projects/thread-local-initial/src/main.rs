//@ why: the initial value of thread-locals is edited and nothing else: threads keep theirs, and new threads begin with the new one
//@ ask: old => 2 one
//@ ask: new => 1 one
//@ edit src/main.rs: replace "FIRST: u32 = 1" with "FIRST: u32 = 50"
//@ edit+ src/main.rs: replace "NAME: &str = \"one\"" with "NAME: &str = \"fifty\""
//@ expect: patched
//@ note: `thread_local_initial::LEVEL` keeps its live value; threads that start from now on begin with the new one
//@ warm-only: a cold start begins with 50
//@ ask: old => 3 one
//@ ask: new => 50 fifty
//@ edit src/main.rs: replace "FIRST: u32 = 50" with "FIRST: u32 = 0"
//@ expect: patched
//@ warm-only: a cold start begins with 0
//@ ask: old => 4 one
//@ ask: new => 0 fifty
//@ edit src/main.rs: replace "const ZERO: u8 = 0" with "const ZERO: u8 = 7"
//@ expect: unchanged
//@ note: `thread_local_initial::EMPTY` keeps its live value; its new initial value counts from the next start
//@ warm-only: a cold start begins with 7
//@ ask: zero => 0

use std::cell::Cell;

const FIRST: u32 = 1;
const NAME: &str = "one";
const ZERO: u8 = 0;

thread_local! {
    static LEVEL: Cell<u32> = const { Cell::new(FIRST) };
    static LABEL: Cell<&'static str> = const { Cell::new(NAME) };
    static EMPTY: Cell<u8> = const { Cell::new(ZERO) };
}

fn main() {
    println!("ready");
    LEVEL.set(LEVEL.get() + 1);
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    match request {
        "old" => {
            let text = level();
            LEVEL.set(LEVEL.get() + 1);
            text
        }
        "new" => std::thread::spawn(level).join().unwrap(),
        _ => std::thread::spawn(|| EMPTY.get().to_string())
            .join()
            .unwrap(),
    }
}

fn level() -> String {
    format!("{} {}", LEVEL.get(), LABEL.get())
}
