//@ why: a handler without any state, which finds the future that it has begun behind an address that the caller keeps: only a helper's `unsafe` gives the address its type
//@ ask: call => waits
//@ ask: call => whole
//@ ask: call => waits
//@ edit src/main.rs: replace "let mark = 0x600d_u64;" with "let more = [3_u64; 8];\n    let mark = 0x600d_u64;\n    Yield(false).await;\n    drop(more);"
//@ expect: restarted
//@ code: HP0303
//@ reason: unsafe
//@ ask: call => waits

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

fn main() {
    let handler: Box<dyn Handler> = Box::new(Of(job, PhantomData));
    let mut begun = Erased(0);
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", handler.call(&mut begun));
    }
}

/// The address of a future, or 0.
struct Erased(usize);

impl Erased {
    fn future<F: Fn() -> Fut, Fut>(&mut self, make: &F) -> Pin<&mut Fut> {
        if self.0 == 0 {
            self.0 = Box::into_raw(Box::new(make())) as usize;
        }
        unsafe { Pin::new_unchecked(&mut *(self.0 as *mut Fut)) }
    }
}

trait Handler {
    fn call(&self, begun: &mut Erased) -> String;
}

struct Of<F, Fut>(F, PhantomData<Fut>);

impl<F: Fn() -> Fut, Fut: Future<Output = String>> Handler for Of<F, Fut> {
    fn call(&self, begun: &mut Erased) -> String {
        let mut context = Context::from_waker(Waker::noop());
        match begun.future(&self.0).poll(&mut context) {
            Poll::Ready(said) => {
                begun.0 = 0;
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
