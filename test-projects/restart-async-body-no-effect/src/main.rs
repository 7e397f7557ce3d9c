//@ why: a suspended future has the layout of the old body
//@ pair: async-suspended
//@ ask: x => first 0
//@ ask: x => second 0
//@ edit src/main.rs: replace "println!(\"second {round}\");" with "let twice = round * 2;\n        Yield(false).await;\n        println!(\"second {twice}\");"
//@ expect: restarted
//@ code: HP0902
//@ ask: x => first 0

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

fn main() {
    let mut future = pin!(rounds());
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        let _ = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
    }
}

async fn rounds() {
    let mut round = 0;
    loop {
        println!("first {round}");
        Yield(false).await;
        println!("second {round}");
        Yield(false).await;
        round += 1;
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
