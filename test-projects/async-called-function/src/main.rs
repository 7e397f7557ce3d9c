//@ why: two suspended futures in a queue go on in their own bodies, and call the new code of a plain function and a method
//@ pair: restart-async-in-frame
//@ ask: x => 0:0 0:0
//@ ask: x => 1:10 1:10
//@ edit src/main.rs: replace "step * 10" with "step * 100"
//@ edit+ src/main.rs: replace "\"{}:{}\"" with "\"{}={}\""
//@ expect: patched
//@ warm-only: the futures were polled before
//@ ask: x => 2=200 2=200

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

type Task = Pin<Box<dyn Future<Output = ()>>>;

fn main() {
    let mut tasks: Vec<Task> = vec![Box::pin(count()), Box::pin(count())];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut tasks, &line));
    }
}

fn answer(tasks: &mut [Task], _request: &str) -> String {
    for task in tasks {
        let _ = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    SAID.with_borrow_mut(|said| std::mem::take(said).join(" "))
}

thread_local! {
    static SAID: std::cell::RefCell<Vec<String>> = std::cell::RefCell::default();
}

struct Step(u32);

impl Step {
    fn shown(&self) -> String {
        format!("{}:{}", self.0, scaled(self.0))
    }
}

async fn count() {
    let mut step = Step(0);
    loop {
        let shown = step.shown();
        said(shown);
        Yield(false).await;
        step.0 += 1;
    }
}

fn said(text: String) {
    SAID.with_borrow_mut(|said| said.push(text));
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
