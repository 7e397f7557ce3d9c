//@ why: a static keeps its address and its value
//@ pair: restart-static-grown
//@ ask: tick => 1
//@ ask: tick => 2
//@ ask: where => same
//@ edit src/main.rs: replace "{count}\"" with "count {count}\""
//@ expect: patched
//@ only: static_counter::answer patched
//@ ask: tick => count 3
//@ ask: where => same
//@ edit src/main.rs: replace "COUNT.fetch_add(1, Relaxed) + 1" with "COUNT.fetch_add(10, Relaxed) + 10"
//@ expect: patched
//@ warm-only: the first three steps counted by one
//@ ask: tick => count 13

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);
static ADDRESS: AtomicUsize = AtomicUsize::new(0);

fn main() {
    ADDRESS.store(&raw const COUNT as usize, Relaxed);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    if request == "where" {
        let same = ADDRESS.load(Relaxed) == &raw const COUNT as usize;
        return if same {
            "same".to_owned()
        } else {
            "moved".to_owned()
        };
    }
    let count = COUNT.fetch_add(1, Relaxed) + 1;
    format!("{count}")
}
