//@ why: a function becomes async, with all its callers in the edit; the stored one stays as it was
//@ pair: restart-fn-async-added-dyn
//@ ask: 4 => direct 14, stored 14
//@ edit src/main.rs: replace "direct {}, stored {}\", shifted(number), stored(number)" with "direct {}, stored {}\", finished(shifted(number)), stored(number)"
//@ edit+ src/main.rs: replace "fn shifted(number: u64) -> u64 {\n    number + 10" with "async fn shifted(number: u64) -> u64 {\n    number + std::future::ready(20).await"
//@ edit+ src/main.rs: replace "let stored: Shift = shifted;" with "let stored: Shift = |number| finished(shifted(number));"
//@ expect: patched
//@ warm-only: main has stored the old function
//@ ask: 4 => direct 24, stored 14

use std::pin::pin;
use std::task::{Context, Poll, Waker};

type Shift = fn(u64) -> u64;

fn main() {
    let stored: Shift = shifted;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: Shift, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!("direct {}, stored {}", shifted(number), stored(number))
}

#[allow(dead_code)]
fn finished(future: impl Future<Output = u64>) -> u64 {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => 0,
    }
}

fn shifted(number: u64) -> u64 {
    number + 10
}
