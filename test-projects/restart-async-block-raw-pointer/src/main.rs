//@ why: an async block captures one variable more, and who polls it is given a raw pointer and takes its type from elsewhere
//@ pair: async-block
//@ ask: old => base 10.
//@ edit src/main.rs: replace "format!(\"base {base}\")" with "format!(\"base {base} more {more}\")"
//@ expect: restarted
//@ code: HP0301 or HP0303
//@ reason: in its signature
//@ ask: old => base 10 more 20.
//@ ask: old => base 10 more 20.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type Said = Rc<RefCell<String>>;

fn main() {
    let said = Said::default();
    let mut kept = std::ptr::null_mut();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut kept, &said, &line));
    }
}

fn answer(kept: &mut *mut (), said: &Said, _request: &str) -> String {
    *kept = polled(block(Rc::clone(said)), *kept);
    format!("{}.", said.take())
}

/// Polls what was kept, which is of the same kind as `future`; keeps that if there is none.
fn polled<F: Future<Output = ()> + 'static>(future: F, kept: *mut ()) -> *mut () {
    let kept: *mut F = if kept.is_null() { Box::into_raw(Box::new(future)) } else { kept.cast() };
    // SAFETY: it was made by an earlier call and never moves. (An edit of its captures would break this.)
    let task = unsafe { Pin::new_unchecked(&mut *kept) };
    let _ = task.poll(&mut Context::from_waker(Waker::noop()));
    kept.cast()
}

fn say(said: &Said, text: String) {
    said.borrow_mut().push_str(&text);
}

#[allow(unused_variables)]
fn block(said: Said) -> impl Future<Output = ()> {
    let (base, more) = (10, 20);
    async move {
        loop {
            say(&said, format!("base {base}"));
            Yield(false).await;
        }
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
