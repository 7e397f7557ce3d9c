//@ why: processes that the program starts inherit neither the session's variables nor its socket
//@ ask: x => variables: 0, sockets: 0
//@ edit src/main.rs: replace "variables: {}, sockets: {}" with "{} variables and {} sockets"
//@ expect: patched
//@ ask: x => 0 variables and 0 sockets

use std::process::Command;

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    format!(
        "variables: {}, sockets: {}",
        shell("env | grep -ic hotpatch_"),
        shell("ls -l /proc/self/fd | grep -c socket")
    )
}

fn shell(script: &str) -> String {
    let output = Command::new("sh").args(["-c", script]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
