//@ why: a suspended future that is kept as `dyn Any` could be taken for one of the new version: their `TypeId` is the same
//@ pair: cut-async-body
//@ ask: keep => kept
//@ ask: resume => whole
//@ ask: keep => kept
//@ edit src/main.rs: replace "let mark = 0x600d_u64;" with "let more = [3_u64; 8];\n    let mark = 0x600d_u64;\n    Yield(false).await;\n    drop(more);"
//@ expect: restarted
//@ code: HP0303
//@ reason: core::any::
//@ ask: keep => kept

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

thread_local! { static SAID: RefCell<String> = const { RefCell::new(String::new()) }; }

fn main() {
    let mut kept: Vec<Box<dyn Any>> = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut kept, &line));
    }
}

fn answer(kept: &mut Vec<Box<dyn Any>>, request: &str) -> String {
    if request == "keep" {
        let mut future = Box::pin(job());
        poll(&mut future);
        kept.push(Box::new(future));
        return "kept".to_owned();
    }
    resume(job, kept.pop().unwrap())
}

fn resume<F: Future<Output = ()> + 'static>(_like: fn() -> F, any: Box<dyn Any>) -> String {
    let Ok(mut future) = any.downcast::<Pin<Box<F>>>() else {
        return "another type".to_owned();
    };
    for _ in 0..9 {
        if poll(&mut future) {
            break;
        }
    }
    SAID.take()
}

fn poll<F: Future<Output = ()>>(future: &mut Pin<Box<F>>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    future.as_mut().poll(&mut context).is_ready()
}

async fn job() {
    let mark = 0x600d_u64;
    Yield(false).await;
    let said = if mark == 0x600d { "whole" } else { "torn" };
    SAID.replace(said.to_owned());
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
