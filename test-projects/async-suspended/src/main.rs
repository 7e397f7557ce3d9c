//@ why: a future that is suspended goes on in its own body, and calls the new code of a plain function
//@ pair: restart-async-body-no-effect
//@ ask: x => step 0: 0
//@ ask: x => step 1: 10
//@ edit src/main.rs: replace "step * 10" with "step * 100"
//@ expect: patched
//@ only: async_suspended::scaled patched
//@ ask: x => step 2: 200

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

fn main() {
    let mut future = pin!(count_for_ever());
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        let _ = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
    }
}

async fn count_for_ever() {
    let mut step = 0;
    loop {
        println!("step {step}: {}", scaled(step));
        Yield(false).await;
        step += 1;
    }
}

fn scaled(step: u32) -> u32 {
    step * 10
}

/// Pending once.
struct Yield(bool);

impl Future for Yield {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
