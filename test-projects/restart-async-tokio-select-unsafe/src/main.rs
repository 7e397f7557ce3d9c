//@ why: a task under tokio waits for one of two messages, and a macro of the program in its body contains `unsafe`
//@ pair: async-tokio-select
//@ ask: a => first a
//@ edit src/main.rs: replace "\"first {}\"" with "\"one {}\""
//@ edit+ src/main.rs: replace "\"second {text}\"" with "\"two {text} {}\", text.len()"
//@ expect: restarted
//@ code: HP0303
//@ reason: contains `unsafe`
//@ ask: a => one a
//@ ask: second => two second 6

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Sender = UnboundedSender<String>;
type Ends = (Sender, Sender, UnboundedReceiver<String>);

macro_rules! first_of {
    ($text:expr) => {
        // SAFETY: it is a copy of what was valid.
        unsafe { String::from_utf8_unchecked($text.as_bytes().to_vec()) }
    };
}

fn main() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let mut ends = start(&runtime);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&runtime, &mut ends, &line));
    }
}

fn start(runtime: &Runtime) -> Ends {
    let (first, firsts) = unbounded_channel();
    let (second, seconds) = unbounded_channel();
    let (back, answers) = unbounded_channel();
    runtime.spawn(chosen(firsts, seconds, back));
    (first, second, answers)
}

async fn chosen(
    mut firsts: UnboundedReceiver<String>,
    mut seconds: UnboundedReceiver<String>,
    back: Sender,
) {
    loop {
        let answer = tokio::select! {
            Some(text) = firsts.recv() => format!("first {}", first_of!(text)),
            Some(text) = seconds.recv() => format!("second {text}"),
            else => return,
        };
        if back.send(answer).is_err() {
            return;
        }
    }
}

fn answer(runtime: &Runtime, ends: &mut Ends, request: &str) -> String {
    match request {
        "spawn" => {
            *ends = start(runtime);
            return "spawned".to_owned();
        }
        "second" => ends.1.send(request.to_owned()).unwrap(),
        _ => ends.0.send(request.to_owned()).unwrap(),
    }
    runtime.block_on(ends.2.recv()).unwrap_or_default()
}
