//@ why: an async function that another one awaits changes its state, and the only future of that one was made by `main`
//@ pair: async-callee-of-async
//@ ask: old => inner 0.
//@ edit src/main.rs: replace "    Yield(false).await;\n    step + 1" with "    let kept = [step; 4];\n    Yield(false).await;\n    kept[3] + 10"
//@ expect: restarted
//@ code: HP0902
//@ ask: old => inner 0.
//@ ask: old => inner 10.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type Said = Rc<RefCell<String>>;
type Task = Pin<Box<dyn Future<Output = ()>>>;

fn main() {
    let said = Said::default();
    let mut task: Task = Box::pin(outer(Rc::clone(&said)));
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut task, &said));
    }
}

fn answer(task: &mut Task, said: &Said) -> String {
    let _ = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    format!("{}.", said.take())
}

fn say(said: &Said, text: String) {
    said.borrow_mut().push_str(&text);
}

async fn outer(said: Said) {
    let mut step = 0;
    loop {
        step = inner(&said, step).await;
    }
}

async fn inner(said: &Said, step: u32) -> u32 {
    say(said, format!("inner {step}"));
    Yield(false).await;
    step + 1
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
