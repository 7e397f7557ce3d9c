//@ why: futures of one kind are found by their type, which is the same as before, by new code that knows another body
//@ pair: async-body-constant
//@ ask: old => old 0.
//@ edit src/main.rs: replace "\"old {step}\"" with "\"new {step}\""
//@ expect: restarted
//@ code: HP0303
//@ reason: asks for its type
//@ ask: old => new 0.
//@ ask: old => new 1.

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
