//! The program of the end-to-end test: it does what it is told on its standard input, a line at a time, and answers with
//! one line. Two functions are behind thunks, in a region such as the linker shim makes. Not a part of the tool.

use std::arch::global_asm;
use std::io::BufRead;

global_asm!(
    r#"
    .section .hp_thunks,"ax",@progbits
    .p2align 12
    .globl hotpatch_thunks_start
hotpatch_thunks_start:
    .globl step
    .type step,@function
step:
    jmp step_body
    .p2align 3
    .globl through
    .type through,@function
through:
    .cfi_startproc
    jmp through_body
    .cfi_endproc
    .p2align 12
    .globl hotpatch_thunks_end
hotpatch_thunks_end:
    .text
"#
);

unsafe extern "C-unwind" {
    fn step(state: *mut i64);
    fn through(callback: extern "C-unwind" fn());
}

unsafe extern "C" {
    fn fork() -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(status: i32) -> !;
    fn close_range(first: u32, last: u32, flags: i32) -> i32;
}

#[unsafe(no_mangle)]
extern "C-unwind" fn step_body(state: *mut i64) {
    unsafe { *state += 1 }
}

#[unsafe(no_mangle)]
extern "C-unwind" fn through_body(callback: extern "C-unwind" fn()) {
    callback();
    // A frame of its own, optimised or not.
    std::hint::black_box(());
}

static CAUGHT: std::sync::Mutex<String> = std::sync::Mutex::new(String::new());

extern "C-unwind" fn take_backtrace() {
    let text = std::backtrace::Backtrace::force_capture().to_string();
    *CAUGHT.lock().unwrap() = text.lines().map(str::trim).collect::<Vec<_>>().join(" | ");
}

extern "C-unwind" fn fail() {
    struct Dropped;
    impl Drop for Dropped {
        fn drop(&mut self) {
            CAUGHT.lock().unwrap().push_str("dropped ");
        }
    }
    let _dropped = Dropped;
    std::panic::resume_unwind(Box::new("from below"));
}

fn main() {
    let mut state = 0;
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        match line.as_str() {
            "step" => unsafe {
                step(&raw mut state);
                println!("{state}");
            },
            "backtrace" => unsafe {
                through(take_backtrace);
                println!("{}", CAUGHT.lock().unwrap());
            },
            "panic" => {
                CAUGHT.lock().unwrap().clear();
                let caught = std::panic::catch_unwind(|| unsafe { through(fail) });
                let what = caught.map_err(|payload| *payload.downcast::<&str>().unwrap());
                println!("{}{what:?}", CAUGHT.lock().unwrap());
            }
            "variable" => println!("{:?}", std::env::var_os("CARGO_HOTPATCH_SOCKET")),
            "threads" => println!("{}", std::fs::read_dir("/proc/self/task").unwrap().count()),
            "sockets" => println!("{}", sockets()),
            "signals" => println!("{}", blocked_signals()),
            "fork" => unsafe {
                let child = fork();
                if child == 0 {
                    step(&raw mut state);
                    _exit(if sockets() == 0 { state as i32 } else { 99 });
                }
                let mut status = 0;
                waitpid(child, &raw mut status, 0);
                println!("{}", status >> 8);
            },
            "close" => {
                unsafe { close_range(3, u32::MAX, 0) };
                println!("closed");
            }
            "reuse" => {
                // Takes all descriptor numbers, the socket's former one among them, and leaves one to work with.
                unsafe { close_range(3, u32::MAX, 0) };
                let mut files = Vec::new();
                while files.len() < 4096
                    && let Ok(file) = std::fs::File::create("/dev/null")
                {
                    files.push(file);
                }
                let count = files.len();
                files.pop();
                std::mem::forget(files);
                println!("{}", count > 500);
            }
            "exec" => {
                use std::os::unix::process::CommandExt;
                let error = std::process::Command::new("/proc/self/exe").exec();
                println!("{error}");
            }
            _ => break,
        }
    }
}

fn sockets() -> usize {
    let all = std::fs::read_dir("/proc/self/fd").unwrap();
    all.filter(|entry| {
        let target = std::fs::read_link(entry.as_ref().unwrap().path());
        target.is_ok_and(|target| target.to_string_lossy().starts_with("socket:"))
    })
    .count()
}

fn blocked_signals() -> String {
    let mut all: Vec<String> = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|task| {
            let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let field = |name: &str| {
                let line = status.lines().find(|line| line.starts_with(name)).unwrap();
                line.split_once(':').unwrap().1.trim().to_string()
            };
            format!("{}={}", field("Name"), field("SigBlk"))
        })
        .collect();
    all.sort();
    all.join(" ")
}
