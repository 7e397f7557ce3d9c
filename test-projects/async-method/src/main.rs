//@ why: an async method of a type, whose value the suspended future owns
//@ pair: restart-async-method-borrowed
//@ ask: old => 1.
//@ edit src/main.rs: replace "self.count += 1;" with "self.count += 1;\n            self.count *= 2;"
//@ expect: patched
//@ note: finish in the old code
//@ warm-only: the old ones go on
//@ ask: old => 2.
//@ ask: new => 2.
//@ ask: last => 6.
//@ ask: old => 3.
//@ ask: last => 14.

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
    Box::pin(Counter { count: 0 }.run(Rc::clone(said)))
}

fn say(said: &Said, text: String) {
    said.borrow_mut().push_str(&text);
}

struct Counter {
    count: u32,
}

impl Counter {
    async fn run(mut self, said: Said) {
        loop {
            self.count += 1;
            say(&said, self.count.to_string());
            Yield(false).await;
        }
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
