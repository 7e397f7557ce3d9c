//@ why: a future that is written by hand gets a field, and one that is suspended holds it inside of an async body
//@ pair: async-future-by-hand
//@ ask: x => pending
//@ edit src/main.rs: replace "struct Countdown {\n    polled: u32," with "struct Countdown {\n    limit: u32,\n    polled: u32,"
//@ edit+ src/main.rs: replace "Countdown { polled: 0 }" with "Countdown { limit: 2, polled: 0 }"
//@ edit+ src/main.rs: replace "self.polled < 5" with "self.polled < self.limit"
//@ expect: restarted
//@ code: HP0101
//@ reason: Countdown
//@ ask: x => pending
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
            return Poll::Pending;
        }
        Poll::Ready("ready")
    }
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
        Poll::Pending => "pending".to_owned(),
    }
}

async fn through(countdown: Countdown) -> &'static str {
    countdown.await
}
