//@ why: a combinator over two suspended futures goes on with the new body of its `poll`
//@ pair: restart-async-joined-field
//@ ask: x => 1 0
//@ ask: x => 2 0
//@ edit src/main.rs: replace "self.turn % 2 == 0 || self.turn < 10" with "self.turn % 2 == 0"
//@ expect: patched
//@ warm-only: it was polled before
//@ ask: x => 3 0
//@ ask: x => 3 1

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type Count = Rc<Cell<u32>>;
type Task = Pin<Box<dyn Future<Output = ()>>>;

struct Joined<A, B> {
    turn: u32,
    a: A,
    b: B,
}

impl<A: Future<Output = ()> + Unpin, B: Future<Output = ()> + Unpin> Future for Joined<A, B> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let turn_of_a = self.turn % 2 == 0 || self.turn < 10;
        self.turn += 1;
        if turn_of_a {
            Pin::new(&mut self.a).poll(context)
        } else {
            Pin::new(&mut self.b).poll(context)
        }
    }
}

fn main() {
    let (a, b) = (Count::default(), Count::default());
    let mut task: Task = made(a.clone(), b.clone());
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut task, &a, &b, &line));
    }
}

fn made(a: Count, b: Count) -> Task {
    Box::pin(Joined {
        turn: 0,
        a: Box::pin(count(a)),
        b: Box::pin(count(b)),
    })
}

fn answer(task: &mut Task, a: &Count, b: &Count, _request: &str) -> String {
    let _ = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    format!("{} {}", a.get(), b.get())
}

async fn count(count: Count) {
    loop {
        count.set(count.get() + 1);
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
