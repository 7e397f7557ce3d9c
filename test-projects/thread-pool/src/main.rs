//@ why: a job that is in the middle of its work finishes in the old code, the next one runs in the new
//@ ask: job => first code, worker
//@ ask: start => begun
//@ edit src/main.rs: replace "\"first code\"" with "\"second code\""
//@ expect: patched
//@ function: thread_pool::work patched
//@ function: thread_pool::work still-running
//@ warm-only: the slow job began in the first code
//@ ask: job => second code, worker
//@ ask: finish => first code, worker
//@ ask: job => second code, worker
//@ ask: start => begun
//@ ask: finish => second code, worker

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// A job: told to go on (or already so), it answers.
struct Job {
    begun: Sender<()>,
    go_on: Receiver<()>,
    done: Sender<String>,
}

fn main() {
    let (jobs, queue) = channel::<Job>();
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..4 {
        let queue = Arc::clone(&queue);
        let worker = thread::Builder::new().name("worker".to_owned());
        worker
            .spawn(move || {
                loop {
                    let job = queue.lock().unwrap().recv();
                    let Ok(job) = job else { return };
                    let _ = job.done.send(work(&job));
                }
            })
            .unwrap();
    }
    let mut slow: Option<(Sender<()>, Receiver<String>)> = None;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        if line == "finish" {
            let Some((go_on, done)) = slow.take() else {
                continue;
            };
            let _ = go_on.send(());
            println!("{}", done.recv().unwrap_or_default());
            continue;
        }
        let (begun_sender, begun) = channel();
        let (go_on, go_on_receiver) = channel();
        let (done_sender, done) = channel();
        jobs.send(Job {
            begun: begun_sender,
            go_on: go_on_receiver,
            done: done_sender,
        })
        .unwrap();
        begun.recv().unwrap();
        if line == "start" {
            slow = Some((go_on, done));
            println!("begun");
        } else {
            let _ = go_on.send(());
            println!("{}", done.recv().unwrap_or_default());
        }
    }
}

fn work(job: &Job) -> String {
    let version = "first code";
    let _ = job.begun.send(());
    let _ = job.go_on.recv();
    format!(
        "{version}, {}",
        thread::current().name().unwrap_or_default()
    )
}
