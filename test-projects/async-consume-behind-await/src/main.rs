//@ why: a value is consumed behind an await instead of in front of it: debug info is the same, and no value is dropped twice
//@ pair: restart-async-consume-any
//@ ask: old => consumed, dropped 1.
//@ edit src/main.rs: replace "        consume(&said, value);\n        Yield(false).await;\n" with "        Yield(false).await;\n        consume(&said, value);\n"
//@ expect: patched
//@ note: finish in the old code
//@ warm-only: the old ones go on
//@ ask: old => consumed, dropped 2.
//@ ask: new => .
//@ ask: last => consumed, dropped 3.
//@ ask: old => consumed, dropped 4.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type Said = Rc<RefCell<String>>;
type Task = Pin<Box<dyn Future<Output = ()>>>;

fn main() {
    let said = Said::default();
    let mut tasks: Vec<Task> = vec![made(&said)];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut tasks, &said, &line));
    }
}

fn answer(tasks: &mut Vec<Task>, said: &Said, request: &str) -> String {
    let task = match request {
        "new" => {
            tasks.push(made(said));
            tasks.last_mut().unwrap()
        }
        "last" => tasks.last_mut().unwrap(),
        _ => &mut tasks[0],
    };
    if task
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_ready()
    {
        tasks.clear();
        tasks.push(made(said));
        said.borrow_mut().push_str(" end");
    }
    format!("{}.", said.take())
}

fn made(said: &Said) -> Task {
    Box::pin(count(Rc::clone(said)))
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
