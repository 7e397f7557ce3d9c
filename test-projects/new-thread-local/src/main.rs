//@ why: a new, lazily initialised thread-local works in all threads and stays through later patches
//@ pair: restart-thread-local-image
//@ ask: main => main
//@ ask: worker => worker
//@ edit src/main.rs: replace "name.to_owned()" with "SEEN.with_borrow_mut(|seen| {\n        seen.push(name.to_owned());\n        format!(\"{} {}\", seen.len(), seen.join(\",\"))\n    })"
//@ edit+ src/main.rs: append "\nthread_local! {\n    static SEEN: RefCell<Vec<String>> = RefCell::new(vec![\"first\".to_owned()]);\n}\n"
//@ expect: patched
//@ warm-only: a cold start has filled the new thread-local before
//@ ask: main => 2 first,main
//@ ask: worker => 2 first,worker
//@ edit src/main.rs: replace "seen.join(\",\")" with "seen.join(\"+\")"
//@ expect: patched
//@ warm-only: as above
//@ ask: main => 3 first+main+main
//@ ask: worker => 3 first+worker+worker

#[allow(unused_imports)]
use std::cell::RefCell;
use std::sync::mpsc::channel;

fn main() {
    let (requests, worker_requests) = channel::<()>();
    let (worker_answers, answers) = channel::<String>();
    std::thread::spawn(move || {
        while worker_requests.recv().is_ok() {
            let _ = worker_answers.send(answer("worker"));
        }
    });
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        if line == "worker" {
            let _ = requests.send(());
            println!("{}", answers.recv().unwrap_or_default());
        } else {
            println!("{}", answer(&line));
        }
    }
}

fn answer(name: &str) -> String {
    name.to_owned()
}
