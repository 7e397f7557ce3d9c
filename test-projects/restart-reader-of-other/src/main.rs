//@ why: a generic function that reads memory behind a number is asked for another type
//@ pair: reader-of-same
//@ ask: x => 1 5
//@ edit src/main.rs: replace "view::<Counter>().count" with "view::<Tally>().count"
//@ edit+ src/main.rs: replace "ref(&kept.0)" with "ref(&kept.1)"
//@ expect: restarted
//@ code: HP0103
//@ reason: `restart_reader_of_other::Tally` (through `view
//@ ask: x => 3 5

use std::sync::atomic::{AtomicUsize, Ordering};

static KEPT: AtomicUsize = AtomicUsize::new(0);

struct Counter {
    count: u32,
}

struct Tally {
    rounds: u64,
    count: u32,
}

fn main() {
    let kept = Box::leak(Box::new((
        Counter { count: 1 },
        Tally {
            rounds: 2,
            count: 3,
        },
    )));
    KEPT.store(std::ptr::from_ref(&kept.0).addr(), Ordering::Relaxed);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", show(&line, &kept.1));
    }
}

fn view<T>() -> &'static T {
    // SAFETY: what is kept is asked for as what it is.
    unsafe { &*(KEPT.load(Ordering::Relaxed) as *const T) }
}

fn show(_request: &str, tally: &Tally) -> String {
    format!(
        "{} {}",
        view::<Counter>().count,
        tally.rounds + u64::from(tally.count)
    )
}
