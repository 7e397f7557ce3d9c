//@ why: what takes the old future has no name for it, and neither has its symbol: debug info has its type all the same, so it goes on taking old ones
//@ ask: call => waits
//@ edit src/main.rs: replace "let mark = 0x600d_u64;" with "let more = [3_u64; 8];\n    let mark = 0x600d_u64;\n    Yield(false).await;\n    drop(more);"
//@ expect: patched
//@ note: finish in the old code
//@ warm-only: the old future is given up
//@ ask: call => whole
//@ ask: new => waits
//@ ask: new => waits

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

fn main() {
    let mut job: Box<dyn Job> = made();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        if line == "new" {
            job = made();
        }
        println!("{}", job.call());
    }
}

fn made() -> Box<dyn Job> {
    Box::new(Kept {
        task: job,
        begun: None,
    })
}

trait Job {
    fn call(&mut self) -> String;
}

trait Task {
    type Begun: Future<Output = ()>;
    fn begin(&self) -> Self::Begun;
}

impl<F: Fn() -> Fut, Fut: Future<Output = ()>> Task for F {
    type Begun = Fut;
    fn begin(&self) -> Fut {
        self()
    }
}

struct Kept<T: Task> {
    task: T,
    begun: Option<Pin<Box<T::Begun>>>,
}

impl<T: Task> Job for Kept<T> {
    fn call(&mut self) -> String {
        if let Some(begun) = self.begun.take() {
            give_up::<T>(begun);
            return SAID.take().to_owned();
        }
        let mut begun = Box::pin(self.task.begin());
        let _ = begun.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        self.begun = Some(begun);
        "waits".to_owned()
    }
}

fn give_up<T: Task>(_: Pin<Box<T::Begun>>) {}

async fn job() {
    let mark = 0x600d_u64;
    let guard = Guard(mark);
    Yield(false).await;
    drop(guard);
}

thread_local! {
    static SAID: Cell<&'static str> = const { Cell::new("") };
}

struct Guard(u64);

impl Drop for Guard {
    fn drop(&mut self) {
        SAID.set(if self.0 == 0x600d { "whole" } else { "torn" });
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
