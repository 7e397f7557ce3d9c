//@ why: a server with open connections: they go on in the old code of the handler, the accept loop runs on, and the next connection gets the new handler
//@ ask: connect => 0
//@ ask: 0 hello => 1 hello
//@ ask: 0 again => 2 again
//@ edit src/main.rs: replace "\"{count} {line}\"" with "\"{count}: {line}\""
//@ expect: patched
//@ only: tokio_server::respond patched
//@ ask: 0 hello => 3: hello
//@ edit src/main.rs: replace "count += 1;" with "let before = [count; 4];\n        tokio::task::yield_now().await;\n        count += before.len() as u32;"
//@ expect: patched
//@ function: tokio_server::handle::{closure#0} patched
//@ function: tokio_server::serve::{closure#0} patched
//@ note: finish in the old code
//@ ask: 0 hello => 4: hello
//@ ask: connect => 1
//@ ask: 1 hello => 4: hello
//@ ask: 1 hello => 8: hello
//@ ask: 0 hello => 5: hello
//@ edit src/main.rs: replace "while let Ok((stream, _))" with "eprintln!(\"listening\");\n    while let Ok((stream, _))"
//@ expect: restarted
//@ code: HP0902
//@ stderr: listening

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

    // The clients: each connection is open as long as the program runs.
    let mut clients: Vec<(std::net::TcpStream, _)> = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let Some((number, text)) = line.split_once(' ') else {
            let client = std::net::TcpStream::connect(address).unwrap();
            let answers = BufReader::new(client.try_clone().unwrap()).lines();
            println!("{}", clients.len());
            clients.push((client, answers));
            continue;
        };
        let (client, answers) = &mut clients[number.parse::<usize>().unwrap()];
        writeln!(client, "{text}").unwrap();
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
