//@ why: an await is taken out of an async body: a suspended future waits where the new code never does
//@ pair: restart-async-await-removed-in-main
//@ ask: old => one.
//@ edit src/main.rs: replace "say(&said, \"one\".to_owned());\n        Yield(false).await;" with "say(&said, \"one \".to_owned());"
//@ expect: patched
//@ note: finish in the old code
//@ warm-only: the old ones go on
//@ ask: old => two.
//@ ask: new => one two.
//@ ask: last => one two.
//@ ask: old => one.
//@ ask: old => two.

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
