//@ why: a program that can be asked to misbehave
//@ driven-by: faults.rs

use std::ffi::c_int;
use std::os::unix::process::CommandExt;
use std::process::Command;

mod extra;

unsafe extern "C" {
    fn fork() -> c_int;
    fn pause() -> c_int;
    fn close(descriptor: c_int) -> c_int;
}

fn main() {
    let mut calls = 0;
    println!("ready");
    // The standard library's buffer would be lost in an exec.
    while let Some(line) = extra::read_line() {
        calls += 1;
        println!("{}", answer(&line, calls));
    }
}

fn answer(request: &str, calls: u32) -> String {
    match request {
        "abort" => std::process::abort(),
        "fork" => unsafe {
            if fork() == 0 {
                loop {
                    pause();
                }
            }
            "forked".to_owned()
        },
        // The parent ends, the child goes on with the same standard streams, as a daemon does.
        "daemon" => unsafe {
            if fork() != 0 {
                std::process::exit(0);
            }
            "in the child".to_owned()
        },
        "exec" => {
            let error = Command::new("/proc/self/exe").arg("again").exec();
            format!("cannot exec: {error}")
        }
        "close" => {
            for descriptor in 3..4096 {
                unsafe { close(descriptor) };
            }
            "closed".to_owned()
        }
        request => match request.strip_prefix("exit ") {
            Some(status) => std::process::exit(status.parse().unwrap_or(99)),
            None => format!("{} {calls} {request}", version()),
        },
    }
}

fn version() -> &'static str {
    "v1"
}

/// The compiler works on this as long as the number says.
const SLOW: u64 = slow(1);

#[allow(long_running_const_eval)]
const fn slow(rounds: u64) -> u64 {
    let mut round = 0;
    while round < rounds {
        round += 1;
    }
    round
}

#[allow(dead_code)]
pub const KEPT: [u8; (SLOW > 0) as usize] = [0];
