//@ why: two tasks under tokio whose handles are kept: one finishes with the old code, one is spawned by the new
//@ pair: restart-async-tokio-join-once
//@ ask: finish => old 1
//@ ask: start => started
//@ edit src/main.rs: replace "let number = receiver.await.unwrap_or(0);\n    format!(\"old {number}\")" with "let text = format!(\"new {}\", receiver.await.unwrap_or(0));\n    tokio::task::yield_now().await;\n    text"
//@ expect: patched
//@ note: finish in the old code
//@ warm-only: the old ones go on
//@ ask: finish => old 1
//@ ask: start => started
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
    if request == "start" {
        *running = Some(start(runtime));
        return "started".to_owned();
    }
    let (sender, handle) = running.take().unwrap();
    let _ = sender.send(1);
    runtime.block_on(handle).unwrap()
}

async fn finished(receiver: Receiver<u32>) -> String {
    let number = receiver.await.unwrap_or(0);
    format!("old {number}")
}
