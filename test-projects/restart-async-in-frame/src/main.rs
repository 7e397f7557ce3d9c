//@ why: an async body changes, and its only future is suspended in the frame of `main`
//@ pair: async-called-function
//@ ask: x => step 0
//@ ask: x => step 1
//@ edit src/main.rs: replace "step += 1;" with "step += 10;"
//@ expect: restarted
//@ code: HP0303 or HP0902
//@ ask: x => step 0
//@ ask: x => step 10

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

fn main() {
    let mut future = pin!(count());
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        let _ = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
    }
}

async fn count() {
    let mut step = 0;
    loop {
        println!("step {step}");
        Yield(false).await;
        step += 1;
    }
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
