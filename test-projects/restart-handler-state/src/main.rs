//@ why: a handler behind a trait object that keeps the future it has begun: its method can not be given the new code, which would go on with the old future
//@ pair: axum-handlers
//@ ask: call => waits
//@ ask: call => whole
//@ ask: call => waits
//@ edit src/main.rs: replace "let mark = 0x600d_u64;" with "let more = [3_u64; 8];\n    let mark = 0x600d_u64;\n    Yield(false).await;\n    drop(more);"
//@ expect: restarted
//@ code: HP0902
//@ reason: main
//@ ask: call => waits

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

fn main() {
    let handler: Box<dyn Handler> = Box::new(Kept {
        make: job,
        begun: RefCell::new(None),
    });
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", handler.call());
    }
}

trait Handler {
    fn call(&self) -> String;
}

struct Kept<F, Fut> {
    make: F,
    begun: RefCell<Option<Pin<Box<Fut>>>>,
}

impl<F: Fn() -> Fut, Fut: Future<Output = String>> Handler for Kept<F, Fut> {
    fn call(&self) -> String {
        let mut begun = self.begun.borrow_mut();
        let future = begun.get_or_insert_with(|| Box::pin((self.make)()));
        let mut context = Context::from_waker(Waker::noop());
        match future.as_mut().poll(&mut context) {
            Poll::Ready(said) => {
                *begun = None;
                said
            }
            Poll::Pending => "waits".to_owned(),
        }
    }
}

async fn job() -> String {
    let mark = 0x600d_u64;
    Yield(false).await;
    if mark == 0x600d { "whole" } else { "torn" }.to_owned()
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
