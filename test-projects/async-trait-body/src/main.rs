//@ why: an attribute's macro writes the method anew, and the compiler says that it stands where the attribute does
//@ ask: Ada => hello Ada
//@ edit src/main.rs: replace "format!(\"hello {word}\")" with "format!(\"good day {word}\")"
//@ expect: patched
//@ ask: Ada => good day Ada

use std::pin::pin;
use std::task::{Context, Poll, Waker};

#[async_trait::async_trait]
trait Greet {
    async fn greet(&self, name: &str) -> String;
}

struct Plain {
    ending: &'static str,
}

#[async_trait::async_trait]
impl Greet for Plain {
    async fn greet(&self, name: &str) -> String {
        let word = self.complete(name).await;
        format!("hello {word}")
    }
}

impl Plain {
    async fn complete(&self, name: &str) -> String {
        format!("{name}{}", self.ending)
    }
}

fn main() {
    let plain = Plain { ending: "" };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&plain, &line));
    }
}

fn answer(greet: &dyn Greet, name: &str) -> String {
    let mut future = pin!(greet.greet(name));
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(text) = future.as_mut().poll(&mut context) {
            return text;
        }
    }
}
