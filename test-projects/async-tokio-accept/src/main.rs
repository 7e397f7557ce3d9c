//@ why: a server accepts connections in a loop, and the future of their handler gets another layout: open connections go on as they were
//@ pair: restart-async-tokio-accept-loop
//@ ask: old a => 1 a
//@ edit src/main.rs: replace "count += 1;" with "count += 1;\n        let kept = [count; 9];\n        tokio::task::yield_now().await;\n        count = kept[8];"
//@ edit+ src/main.rs: replace "\"{count} {line}\"" with "\"{count}: {line}\""
//@ expect: patched
//@ note: finish in the old code
//@ warm-only: the old ones go on
//@ ask: old b => 2 b
//@ ask: new a => 1: a
//@ ask: old c => 3 c

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Connection = BufReader<std::net::TcpStream>;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_io()
        .build()
        .unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(serve(listener));
    let mut old = connected(address);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut old, address, &line));
    }
}

fn connected(address: SocketAddr) -> Connection {
    BufReader::new(std::net::TcpStream::connect(address).unwrap())
}

fn answer(old: &mut Connection, address: SocketAddr, request: &str) -> String {
    let (which, text) = request.split_once(' ').unwrap_or_default();
    let mut new = connected(address);
    let connection = if which == "old" { old } else { &mut new };
    writeln!(connection.get_mut(), "{text}").unwrap();
    let mut answer = String::new();
    connection.read_line(&mut answer).unwrap();
    answer.trim_end().to_owned()
}

async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        spawn_handler(stream);
    }
}

fn spawn_handler(stream: TcpStream) {
    tokio::spawn(handle(stream));
}

async fn handle(stream: TcpStream) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(reader).lines();
    let mut count = 0;
    while let Ok(Some(line)) = lines.next_line().await {
        count += 1;
        let answer = format!("{count} {line}") + "\n";
        if writer.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
