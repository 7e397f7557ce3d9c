//@ why: a task whose handle is kept, and that is spawned once, at the start
//@ pair: async-tokio-join
//@ ask: x => waiting
//@ edit src/main.rs: replace "let number = receiver.await.unwrap_or(0);\n    format!(\"old {number}\")" with "let text = format!(\"new {}\", receiver.await.unwrap_or(0));\n    tokio::task::yield_now().await;\n    text"
//@ expect: restarted
//@ code: HP0902
//@ ask: finish => new 1

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

type Running = (Sender<u32>, JoinHandle<String>);

fn main() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let mut running = Some(start(&runtime));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&runtime, &mut running, &line));
    }
}

fn start(runtime: &Runtime) -> Running {
    let (sender, receiver) = channel();
    (sender, runtime.spawn(finished(receiver)))
}

fn answer(runtime: &Runtime, running: &mut Option<Running>, request: &str) -> String {
    if request != "finish" {
        return "waiting".to_owned();
    }
    let (sender, handle) = running.take().unwrap();
    let _ = sender.send(1);
    runtime.block_on(handle).unwrap()
}

async fn finished(receiver: Receiver<u32>) -> String {
    let number = receiver.await.unwrap_or(0);
    format!("old {number}")
}
