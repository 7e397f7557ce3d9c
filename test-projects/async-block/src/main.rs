//@ why: an async block captures one variable more
//@ pair: restart-async-block-raw-pointer
//@ ask: old => base 10.
//@ edit src/main.rs: replace "format!(\"base {base}\")" with "format!(\"base {base} more {more}\")"
//@ expect: patched
//@ warm-only: the old ones go on
//@ ask: old => base 10.
//@ ask: new => base 10 more 20.
//@ ask: last => base 10 more 20.
//@ ask: old => base 10.

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
    Box::pin(block(Rc::clone(said)))
}

fn say(said: &Said, text: String) {
    said.borrow_mut().push_str(&text);
}

#[allow(unused_variables)]
fn block(said: Said) -> impl Future<Output = ()> {
    let (base, more) = (10, 20);
    async move {
        loop {
            say(&said, format!("base {base}"));
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
