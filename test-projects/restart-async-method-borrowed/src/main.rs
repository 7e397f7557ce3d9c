//@ why: an async method borrows its value in the frame of `main`, and so does the only future
//@ pair: async-method
//@ ask: old => 1.
//@ edit src/main.rs: replace "self.count += 1;" with "self.count += 1;\n            self.count *= 2;"
//@ expect: restarted
//@ code: HP0902
//@ ask: old => 2.
//@ ask: old => 6.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type Said = Rc<RefCell<String>>;

fn main() {
    let said = Said::default();
    let mut counter = Counter { count: 0 };
    let mut task = pin!(counter.run(Rc::clone(&said)));
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(task.as_mut(), &said));
    }
}

fn answer(task: Pin<&mut impl Future<Output = ()>>, said: &Said) -> String {
    let _ = task.poll(&mut Context::from_waker(Waker::noop()));
    format!("{}.", said.take())
}

fn say(said: &Said, text: String) {
    said.borrow_mut().push_str(&text);
}

struct Counter {
    count: u32,
}

impl Counter {
    async fn run(&mut self, said: Said) {
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
