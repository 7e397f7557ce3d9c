//@ why: suspended futures finish in the old code, new ones run the new; the executor is the program's own
//@ pair: restart-cut-any
//@ ask: spawn => 0
//@ ask: 0 => first
//@ edit src/main.rs: replace "say(\"second\");" with "let half = \"ha\".to_owned();\n    Yield(false).await;\n    say(&half.repeat(2));"
//@ expect: patched
//@ note: finish in the old code
//@ ask: spawn => 1
//@ ask: 1 => first
//@ ask: 0 => second
//@ ask: 0 => done
//@ ask: 1 => pending
//@ ask: 1 => haha
//@ ask: 1 => done

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

type Task = Pin<Box<dyn Future<Output = ()>>>;

thread_local! { static SAID: RefCell<String> = const { RefCell::new(String::new()) }; }

fn main() {
    let mut tasks = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut tasks, &line));
    }
}

fn answer(tasks: &mut Vec<Option<Task>>, request: &str) -> String {
    let Ok(number) = request.parse::<usize>() else {
        tasks.push(Some(Box::pin(job())));
        return (tasks.len() - 1).to_string();
    };
    let Some(task) = &mut tasks[number] else {
        return "done".to_owned();
    };
    let ended = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    if ended.is_ready() {
        tasks[number] = None;
    }
    let said = SAID.take();
    if said.is_empty() { "pending".to_owned() } else { said }
}

fn say(text: &str) {
    SAID.replace(text.to_owned());
}

async fn job() {
    say("first");
    Yield(false).await;
    say("second");
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
