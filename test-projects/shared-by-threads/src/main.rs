//@ why: a value behind Arc and Mutex, on which a thread works that was there before the edit
//@ pair: restart-shared-by-threads
//@ ask: 2 => 2 in 1
//@ edit src/main.rs: replace "{} in {}" with "{} within {}"
//@ expect: patched
//@ only: shared_by_threads::work patched
//@ ask: 3 => 5 within 2

use std::sync::{Arc, Mutex, mpsc};

struct Job {
    sum: u32,
    rounds: u16,
}

fn main() {
    let job = Arc::new(Mutex::new(Job { sum: 0, rounds: 0 }));
    let (requests, inbox) = mpsc::channel();
    let (outbox, answers) = mpsc::channel();
    let shared = Arc::clone(&job);
    let thread = std::thread::spawn(move || {
        for number in inbox {
            let _ = outbox.send(work(&shared, number));
        }
    });
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let _ = requests.send(line.trim().parse().unwrap_or(0));
        println!("{}", answers.recv().unwrap_or_default());
    }
    drop(requests);
    let _ = thread.join();
}

fn work(job: &Mutex<Job>, number: u32) -> String {
    let Ok(mut job) = job.lock() else {
        return String::new();
    };
    job.sum += number;
    job.rounds += 1;
    format!("{} in {}", job.sum, job.rounds)
}
