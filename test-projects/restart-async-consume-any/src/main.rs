//@ why: a value is consumed behind an await instead of in front of it, and an old future is found by its type: the value would be dropped twice
//@ pair: async-consume-behind-await
//@ ask: old => consumed, dropped 1.
//@ edit src/main.rs: replace "        consume(&said, value);\n        Yield(false).await;\n" with "        Yield(false).await;\n        consume(&said, value);\n"
//@ expect: restarted
//@ code: HP0303
//@ reason: asks for its type
//@ ask: old => .
//@ ask: old => consumed, dropped 1.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use std::any::Any;
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type Said = Rc<RefCell<String>>;
type Task = Box<dyn Any>;

fn main() {
    let said = Said::default();
    let mut tasks: Vec<Task> = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut tasks, &said, &line));
    }
}

fn answer(tasks: &mut Vec<Task>, said: &Said, request: &str) -> String {
    polled(count(Rc::clone(said)), tasks, request);
    format!("{}.", said.take())
}

/// Polls the one that was kept first, if it is of the same kind; `future` if it is to be a new one.
fn polled<F: Future<Output = ()> + 'static>(future: F, tasks: &mut Vec<Task>, request: &str) {
    if request == "new" || tasks.is_empty() {
        tasks.push(Box::new(Box::pin(future)));
    }
    let task = if request == "old" { tasks.first_mut() } else { tasks.last_mut() };
    let Some(task) = task.and_then(|task| task.downcast_mut::<Pin<Box<F>>>()) else {
        return;
    };
    let _ = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
}

fn say(said: &Said, text: String) {
    said.borrow_mut().push_str(&text);
}

static MADE: AtomicU32 = AtomicU32::new(0);
static DROPPED: AtomicU32 = AtomicU32::new(0);

struct Value(Box<u32>);

impl Drop for Value {
    fn drop(&mut self) {
        *self.0 += 1;
        DROPPED.fetch_add(1, Relaxed);
        assert!(*self.0 == 1 && DROPPED.load(Relaxed) <= MADE.load(Relaxed));
    }
}

async fn count(said: Said) {
    loop {
        MADE.fetch_add(1, Relaxed);
        let value = Value(Box::new(0));
        consume(&said, value);
        Yield(false).await;
    }
}

fn consume(said: &Said, value: Value) {
    drop(value);
    say(said, format!("consumed, dropped {}", DROPPED.load(Relaxed)));
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
