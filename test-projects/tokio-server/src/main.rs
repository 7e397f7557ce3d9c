//@ why: a server with an open connection: what the handler calls is patched, the handler's own body restarts
//@ ask: hello => 1 hello
//@ ask: again => 2 again
//@ edit src/main.rs: replace "\"{count} {line}\"" with "\"{count}: {line}\""
//@ expect: patched
//@ only: tokio_server::respond patched
//@ ask: hello => 3: hello
//@ edit src/main.rs: replace "count += 1;" with "count += 1;\n        tokio::task::yield_now().await;"
//@ expect: restarted
//@ code: HP0303
//@ ask: hello => 1: hello

use std::io::{BufRead, BufReader, Write};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_io()
        .build()
        .unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(serve(listener));

    // The client: one connection, open as long as the program runs.
    let mut client = std::net::TcpStream::connect(address).unwrap();
    let mut answers = BufReader::new(client.try_clone().unwrap()).lines();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        writeln!(client, "{line}").unwrap();
        println!("{}", answers.next().unwrap().unwrap());
    }
}

async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(handle(stream));
    }
}

async fn handle(stream: TcpStream) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(reader).lines();
    let mut count = 0;
    while let Ok(Some(line)) = lines.next_line().await {
        count += 1;
        let mut answer = respond(count, &line);
        answer.push('\n');
        if writer.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn respond(count: u32, line: &str) -> String {
    format!("{count} {line}")
}
