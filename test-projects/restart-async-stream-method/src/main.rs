//@ why: a trait like a stream gets a method in front, and a suspended loop holds an object of it
//@ pair: async-stream
//@ ask: x => got 0
//@ ask: x => got 1
//@ edit src/main.rs: replace "trait Stream {\n" with "trait Stream {\n    fn size_hint(&self) -> usize {\n        7\n    }\n"
//@ edit+ src/main.rs: replace "Poll::Ready(Some(*self - 1))" with "Poll::Ready(Some((*self - 1) * self.size_hint() as u32))"
//@ expect: restarted
//@ code: HP0401
//@ ask: x => got 0
//@ ask: x => got 7

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

trait Stream {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<u32>>;
}

impl Stream for u32 {
    fn poll_next(&mut self, _context: &mut Context<'_>) -> Poll<Option<u32>> {
        *self += 1;
        Poll::Ready(Some(*self - 1))
    }
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

fn main() {
    let mut task: Task = Box::pin(consumed(Box::new(0)));
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        let _ = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
}

async fn consumed(mut stream: Box<dyn Stream>) {
    while let Some(item) = poll_fn(|context| stream.poll_next(context)).await {
        println!("got {item}");
        Yield(false).await;
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
