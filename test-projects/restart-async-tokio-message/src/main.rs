//@ why: the messages of a channel change, and a task under tokio waits for one of the old kind
//@ pair: async-tokio-task
//@ ask: 4 => 1: 4
//@ ask: 5 => 2: 9
//@ edit src/main.rs: replace "struct Message(u64);" with "struct Message(u8, u64);"
//@ edit+ src/main.rs: replace "Message(request.trim().parse().unwrap_or(0))" with "Message(10, request.trim().parse().unwrap_or(0))"
//@ edit+ src/main.rs: replace "sum + message.0" with "sum + u64::from(message.0) * message.1"
//@ expect: restarted
//@ code: HP0101
//@ reason: Message
//@ ask: 9 => 1: 90

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

struct Message(u64);

type Ends = (UnboundedSender<Message>, UnboundedReceiver<String>);

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
    let (sender, mut receiver) = unbounded_channel();
    let (back, answers) = unbounded_channel();
    runtime.spawn(async move {
        let (mut count, mut sum) = (0, 0);
        while let Some(message) = receiver.recv().await {
            count += 1;
            sum = folded(sum, &message);
            if back.send(format!("{count}: {sum}")).is_err() {
                return;
            }
        }
    });
    (sender, answers)
}

fn answer(runtime: &Runtime, ends: &mut Ends, request: &str) -> String {
    let _ = ends.0.send(Message(request.trim().parse().unwrap_or(0)));
    runtime.block_on(ends.1.recv()).unwrap_or_default()
}

fn folded(sum: u64, message: &Message) -> u64 {
    sum + message.0
}
