//@ why: who makes the futures contains `unsafe`, which could give an old one the type of the new (here it does not: nobody can know that)
//@ pair: async-await-added
//@ ask: old => 0.
//@ edit src/main.rs: replace "        say(&said, format!(\"{step}\"));\n" with "        let text = format!(\"step {step}\");\n        say(&said, \"before\".to_owned());\n        Yield(false).await;\n        say(&said, text);\n"
//@ expect: restarted
//@ code: HP0303
//@ reason: contains `unsafe`
//@ ask: old => before.
//@ ask: old => step 0.
//@ ask: old => before.

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
    let task = Box::new(count(Rc::clone(said)));
    // SAFETY: it never leaves its box.
    unsafe { Pin::new_unchecked(task) }
}

fn say(said: &Said, text: String) {
    said.borrow_mut().push_str(&text);
}

async fn count(said: Said) {
    let mut step = 0;
    loop {
        say(&said, format!("{step}"));
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
