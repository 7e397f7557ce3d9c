//@ why: an async body gets another constant: a suspended future goes on with the old one, as its frame would
//@ pair: restart-async-body-any
//@ ask: old => old 0.
//@ edit src/main.rs: replace "\"old {step}\"" with "\"new {step}\""
//@ expect: patched
//@ note: finish in the old code
//@ warm-only: the old ones go on
//@ ask: old => old 1.
//@ ask: new => new 0.
//@ ask: last => new 1.
//@ ask: old => old 2.

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

async fn count(said: Said) {
    let mut step = 0;
    loop {
        say(&said, format!("old {step}"));
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
