//@ why: a router keeps its handlers as trait objects: after an edit of a handler's future, a request that waits is answered by the old code, and the next one by the new
//@ pair: restart-handler-state
//@ ask: hello => hello
//@ ask: count => count 1
//@ ask: open => opened
//@ edit src/main.rs: replace "let said = \"old\";" with "let said = \"new\";\n    let more = [3_u64; 8];\n    tokio::task::yield_now().await;\n    assert_eq!(more.len(), 8);"
//@ expect: patched
//@ note: finish in the old code
//@ ask: finish => waited old
//@ ask: open => opened
//@ ask: finish => waited new
//@ edit src/main.rs: replace "\"hello\".to_owned()" with "let words = [\"good\", \"day\"];\n    tokio::task::yield_now().await;\n    words.join(\" \")"
//@ edit+ src/main.rs: replace "let hits = 1;" with "let hits = 10;\n    tokio::task::yield_now().await;"
//@ expect: patched
//@ ask: hello => good day
//@ ask: count => count 11

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use tokio::sync::Semaphore;

#[derive(Clone)]
struct Shared {
    hits: Arc<AtomicU32>,
    gate: Arc<Semaphore>,
}

fn main() {
    let gate = Arc::new(Semaphore::new(0));
    let shared = Shared {
        hits: Arc::default(),
        gate: gate.clone(),
    };
    let router = Router::new()
        .route("/hello", get(hello))
        .route("/count", get(count))
        .route("/wait", get(wait))
        .with_state(shared);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_io()
        .build()
        .unwrap();
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });

    // The clients.
    let mut waiting: Vec<TcpStream> = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        match line.as_str() {
            "open" => {
                waiting.push(request(address, "wait"));
                println!("opened");
            }
            "finish" => {
                gate.add_permits(1);
                println!("{}", answer(waiting.remove(0)));
            }
            path => println!("{}", answer(request(address, path))),
        }
    }
}

fn request(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /{path} HTTP/1.0\r\n\r\n").unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.lines().last().unwrap().to_owned()
}

async fn hello() -> String {
    "hello".to_owned()
}

async fn count(State(shared): State<Shared>) -> String {
    let hits = 1;
    let before = shared.hits.fetch_add(hits, Ordering::Relaxed);
    format!("count {}", before + hits)
}

async fn wait(State(shared): State<Shared>) -> String {
    let said = "old";
    shared.gate.acquire().await.unwrap().forget();
    format!("waited {said}")
}
