//@ why: an async body has called a function before it began to wait, and may have passed that call, which is said at once
//@ pair: restart-async-set-up
//@ ask: home => welcome
//@ edit src/main.rs: replace "\"welcome\"" with "\"hello\""
//@ expect: patched
//@ note: `async_set_up::page` is called only from `async_set_up::serve::{closure#0}`
//@ warm-only: what was made before the loop stays
//@ ask: home => welcome

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
    let mut served = pin!(serve());
    let mut context = Context::from_waker(Waker::noop());
    while served.as_mut().poll(&mut context).is_pending() {}
}

async fn serve() {
    let page = page();
    for line in std::io::stdin().lines().map_while(Result::ok) {
        Pause(false).await;
        println!("{}", if line == "home" { &page } else { "nothing" });
    }
}

fn page() -> String {
    String::from("welcome")
}
