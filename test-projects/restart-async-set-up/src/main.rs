//@ why: the only async body that `main` makes waits behind the call of a function, so it is not called again
//@ pair: async-set-up
//@ ask: home => welcome one
//@ edit src/main.rs: replace "\"one\"" with "\"two\""
//@ expect: patched
//@ ask: home => welcome two
//@ edit src/main.rs: replace "\"welcome\"" with "\"hello\""
//@ expect: restarted
//@ code: HP0902
//@ reason: `restart_async_set_up::page` was called for the last time: `restart_async_set_up::main::{closure#0}` has passed
//@ ask: home => hello two

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

static LINE: Mutex<String> = Mutex::new(String::new());

/// Pending once.
struct NextLine(bool);

impl Future for NextLine {
    type Output = String;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<String> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(LINE.lock().unwrap().clone())
        } else {
            Poll::Pending
        }
    }
}

fn main() {
    block_on(async {
        let page = page();
        println!("ready");
        loop {
            let line = NextLine(false).await;
            println!("{}", if line == "home" { answer(&page) } else { String::new() });
        }
    });
}

fn block_on<F: Future>(future: F) {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let mut lines = std::io::stdin().lines();
    loop {
        if enter(|| future.as_mut().poll(&mut context)).is_ready() {
            return;
        }
        match lines.next() {
            Some(line) => *LINE.lock().unwrap() = line.unwrap(),
            None => return,
        }
    }
}

/// Runtimes put a few of these around each poll.
fn enter<T>(poll: impl FnOnce() -> T) -> T {
    poll()
}

fn page() -> String {
    String::from("welcome")
}

fn answer(page: &str) -> String {
    format!("{page} {}", "one")
}
