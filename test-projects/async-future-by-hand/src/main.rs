//@ why: a future that is written by hand is polled on by the new body of its `poll`
//@ pair: restart-async-future-by-hand
//@ ask: x => pending 1
//@ edit src/main.rs: replace "self.polled < 5" with "self.polled < 3"
//@ edit+ src/main.rs: replace "\"pending {}\"" with "\"waiting {}\""
//@ expect: patched
//@ warm-only: it was polled before
//@ ask: x => waiting 2
//@ ask: x => ready

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

type Task = Pin<Box<dyn Future<Output = &'static str>>>;

struct Countdown {
    polled: u32,
}

impl Future for Countdown {
    type Output = &'static str;
    fn poll(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<&'static str> {
        self.polled += 1;
        if self.polled < 5 {
            let text = format!("pending {}", self.polled);
            SAID.set(text);
            return Poll::Pending;
        }
        Poll::Ready("ready")
    }
}

thread_local! {
    static SAID: std::cell::RefCell<String> = std::cell::RefCell::default();
}

fn main() {
    let mut task: Task = Box::pin(through(Countdown { polled: 0 }));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut task, &line));
    }
}

fn answer(task: &mut Task, _request: &str) -> String {
    match task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(text) => text.to_owned(),
        Poll::Pending => SAID.take(),
    }
}

async fn through(countdown: Countdown) -> &'static str {
    countdown.await
}
