//@ why: a thread that waits in a channel's receive loop, in old code, calls the new code for the next message
//@ ask: a => handled a after 0
//@ ask: b => handled b after 1
//@ edit src/main.rs: replace "handled {message} after {before}" with "{message} was handled after {before}"
//@ expect: patched
//@ only: channel_thread::handle patched
//@ ask: c => c was handled after 2

use std::sync::mpsc::channel;

fn main() {
    let (messages, inbox) = channel::<String>();
    let (outbox, answers) = channel::<String>();
    let thread = std::thread::spawn(move || {
        for (before, message) in inbox.into_iter().enumerate() {
            let _ = outbox.send(handle(before, &message));
        }
    });
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        messages.send(line).unwrap();
        println!("{}", answers.recv().unwrap());
    }
    drop(messages);
    thread.join().unwrap();
}

fn handle(before: usize, message: &str) -> String {
    format!("handled {message} after {before}")
}
