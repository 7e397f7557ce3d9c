//@ why: a `static mut` in a module and one in a function keep their values
//@ pair: restart-static-becomes-mutable
//@ ask: x => 1 100
//@ ask: x => 2 200
//@ edit src/main.rs: replace "{} {}" with "{}/{}"
//@ expect: patched
//@ ask: x => 3/300
//@ edit src/main.rs: replace "CALLS += 1" with "CALLS += 2"
//@ expect: patched
//@ warm-only: the calls before were counted by one
//@ ask: x => 5/400

mod state {
    pub static mut CALLS: u32 = 0;
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    static mut HIDDEN: u32 = 0;
    // SAFETY: one thread.
    unsafe {
        state::CALLS += 1;
        HIDDEN += 100;
        format!("{} {}", *&raw const state::CALLS, *&raw const HIDDEN)
    }
}
