//@ why: what computes the value of a LazyLock or a thread-local has run, which is said at once; a hook is called again
//@ ask: x => one 1 2 one
//@ edit src/main.rs: replace "\"one\"" with "\"two\""
//@ expect: patched
//@ note: `lazy_values_computed::load` is called only through `LazyLock`
//@ warm-only: what was computed stays
//@ ask: x => one 1 2 one
//@ edit src/main.rs: replace "|| 1 + 0" with "|| 5 + 0"
//@ expect: patched
//@ note: is called only through `LazyLock`
//@ warm-only: what was computed stays
//@ ask: x => one 1 2 one
//@ edit src/main.rs: replace "+ 2 //" with "+ 6 //"
//@ expect: patched
//@ note: `lazy_values_computed::level` is called only for the initial value of a thread-local
//@ warm-only: what was computed stays
//@ ask: x => one 1 2 one
//@ edit src/main.rs: replace "String::from(\"hook\")" with "String::from(\"called\")"
//@ expect: patched
//@ ask: hook => called

use std::sync::LazyLock;

struct Hook {
    call: fn() -> String,
    calls: std::sync::atomic::AtomicU32,
}

static NAME: LazyLock<String> = LazyLock::new(load);
static NUMBER: LazyLock<u32> = LazyLock::new(|| 1 + 0);
static HOOK: Hook = Hook {
    call: hook,
    calls: std::sync::atomic::AtomicU32::new(0),
};
thread_local! {
    static LEVEL: u32 = level();
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    if request == "hook" {
        HOOK.calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        return (HOOK.call)();
    }
    format!("{} {} {} {}", *NAME, *NUMBER, LEVEL.with(|level| *level), *NAME)
}

fn load() -> String {
    String::from("one")
}

fn hook() -> String {
    String::from("hook")
}

fn level() -> u32 {
    std::hint::black_box(0) + 2 // the level
}
