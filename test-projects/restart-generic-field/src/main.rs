//@ why: a generic type's field changes; it lives inside of an Arc<Mutex<…>> in another thread's closure
//@ pair: generic-new-instance
//@ ask: x => 1
//@ edit src/main.rs: replace "    count: u8,\n" with "    count: u8,\n    last: Option<T>,\n"
//@ edit+ src/main.rs: replace "        count: 0,\n" with "        count: 0,\n        last: None,\n"
//@ expect: restarted
//@ code: HP0101
//@ reason: Shared
//@ ask: x => 1

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

#[allow(dead_code)]
struct Shared<T> {
    count: u8,
    value: T,
}

fn main() {
    let shared = Arc::new(Mutex::new(Shared {
        count: 0,
        value: 7_u64,
    }));
    let (requests, inbox) = channel::<()>();
    let (outbox, answers) = channel::<u8>();
    std::thread::spawn(move || {
        for () in inbox {
            let _ = outbox.send(bump(&shared));
        }
    });
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        requests.send(()).unwrap();
        println!("{}", answers.recv().unwrap());
    }
}

fn bump<T>(shared: &Arc<Mutex<Shared<T>>>) -> u8 {
    let mut shared = shared.lock().unwrap();
    shared.count += 1;
    shared.count
}
