//@ why: `main` makes its async body anew for each line, and the body waits in the middle: what it has passed is called again
//@ ask: home => welcome home 1
//@ edit src/main.rs: replace "\"welcome\"" with "\"hello\""
//@ expect: patched
//@ warm-only: a cold start counts from 1
//@ ask: home => welcome home 2
//@ ask: home => hello home 3
//@ ask: home => hello home 4

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Pending once.
struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

fn main() {
    println!("ready");
    for number in 1.. {
        let ended = block_on(async {
            let page = page();
            Pause(false).await;
            let line = LINE.take();
            if !line.is_empty() {
                println!("{page} {line} {number}");
            }
            line.is_empty()
        });
        if ended {
            return;
        }
    }
}

thread_local! {
    static LINE: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        let line = std::io::stdin().lines().next();
        LINE.set(line.and_then(Result::ok).unwrap_or_default());
    }
}

fn page() -> String {
    String::from("welcome")
}
