//@ why: each thread's value stays, in threads that were there before the patch
//@ pair: restart-thread-local-type
//@ ask: main => main 1
//@ ask: worker => worker 1
//@ ask: worker => worker 2
//@ edit src/main.rs: replace "\"{name} {count}\"" with "\"{name}: {count}\""
//@ expect: patched
//@ ask: main => main: 2
//@ ask: worker => worker: 3
//@ ask: fresh => fresh: 1

use std::cell::Cell;
use std::sync::mpsc::{Receiver, Sender, channel};

thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

fn main() {
    let (requests, worker_requests) = channel::<()>();
    let (worker_answers, answers) = channel::<String>();
    std::thread::spawn(move || work(worker_requests, worker_answers));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        match &*line {
            "worker" => {
                let _ = requests.send(());
                println!("{}", answers.recv().unwrap_or_default());
            }
            "fresh" => println!(
                "{}",
                std::thread::spawn(|| count("fresh"))
                    .join()
                    .unwrap_or_default()
            ),
            _ => println!("{}", count("main")),
        }
    }
}

fn work(requests: Receiver<()>, answers: Sender<String>) {
    while requests.recv().is_ok() {
        let _ = answers.send(count("worker"));
    }
}

fn count(name: &str) -> String {
    let count = COUNT.get() + 1;
    COUNT.set(count);
    format!("{name} {count}")
}
