//@ why: the entries of an executor's queue get a field, while futures are suspended in it
//@ pair: async-executor
//@ ask: run => a0
//@ ask: run => b0
//@ edit src/main.rs: replace "struct Task {\n" with "struct Task {\n    runs: u32,\n"
//@ edit+ src/main.rs: replace "Task { future }" with "Task { runs: 0, future }"
//@ edit+ src/main.rs: replace "executor.said.take()" with "format!(\"{} {}\", executor.said.take(), executor.queue[0].runs)"
//@ expect: restarted
//@ code: HP0101
//@ reason: Task
//@ ask: run => a0 0
//@ ask: run => b0 0

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
