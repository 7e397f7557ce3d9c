//@ why: an await is taken out of an async body, and the only future was made by `main`, which never comes there again
//@ pair: async-await-removed
//@ ask: old => one.
//@ edit src/main.rs: replace "say(&said, \"one\".to_owned());\n        Yield(false).await;" with "say(&said, \"one \".to_owned());"
//@ expect: restarted
//@ code: HP0902
//@ ask: old => one two.
//@ ask: old => one two.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type Said = Rc<RefCell<String>>;
type Task = Pin<Box<dyn Future<Output = ()>>>;

fn main() {
    let said = Said::default();
    let mut task: Task = Box::pin(count(Rc::clone(&said)));
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut task, &said));
    }
}

fn answer(task: &mut Task, said: &Said) -> String {
    let _ = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    format!("{}.", said.take())
}

fn say(said: &Said, text: String) {
    said.borrow_mut().push_str(&text);
}

async fn count(said: Said) {
    loop {
        say(&said, "one".to_owned());
        Yield(false).await;
        say(&said, "two".to_owned());
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
