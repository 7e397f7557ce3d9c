//@ why: an executor written by hand is edited while futures are suspended in its queue
//@ pair: restart-async-executor-task
//@ ask: run => a0
//@ ask: run => b0
//@ ask: run => a1
//@ edit src/main.rs: replace "executor.queue.pop_front()" with "executor.queue.pop_back()"
//@ edit+ src/main.rs: replace "    executor.said.take()" with "    format!(\"said {}\", executor.said.take())"
//@ expect: patched
//@ warm-only: the futures were polled before
//@ ask: run => said a2
//@ ask: run => said a3

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type Said = Rc<RefCell<String>>;

struct Task {
    future: Pin<Box<dyn Future<Output = ()>>>,
}

#[derive(Default)]
struct Executor {
    queue: VecDeque<Task>,
    said: Said,
}

fn main() {
    let mut executor = Executor::default();
    spawn(&mut executor, 'a');
    spawn(&mut executor, 'b');
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut executor, &line));
    }
}

fn spawn(executor: &mut Executor, name: char) {
    let future = Box::pin(count(name, Rc::clone(&executor.said)));
    executor.queue.push_back(Task { future });
}

fn answer(executor: &mut Executor, _request: &str) -> String {
    let mut task = executor.queue.pop_front().unwrap();
    if task
        .future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_pending()
    {
        executor.queue.push_back(task);
    }
    executor.said.take()
}

async fn count(name: char, said: Said) {
    let mut step = 0;
    loop {
        said.replace(format!("{name}{step}"));
        Yield(false).await;
        step += 1;
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
