//@ why: eight threads call patched functions in every way, and check what they get
//@ driven-by: load.rs

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

mod versions;

const THREADS: usize = 8;

unsafe extern "C" {
    fn nice(more: std::ffi::c_int) -> std::ffi::c_int;
}

/// What each thread has seen last, and how often it has called.
static SEEN: [AtomicU64; THREADS] = [const { AtomicU64::new(0) }; THREADS];
static CALLS: [AtomicU64; THREADS] = [const { AtomicU64::new(0) }; THREADS];
static ERROR: Mutex<Option<String>> = Mutex::new(None);

fn main() {
    for thread in 0..THREADS {
        std::thread::spawn(move || {
            // All the time, but behind the compiler, which would otherwise get a fifth of the machine. Linux counts
            // niceness by thread.
            unsafe { nice(19) };
            // Made once, and called through for as long as the program runs.
            let pointer: fn(u64) -> u64 = std::hint::black_box(versions::work);
            let object: Box<dyn versions::Work> = Box::new(versions::Worker);
            let closure = versions::closure();
            let mut last = 0;
            for round in 0_u64.. {
                let calls: [(&str, &dyn Fn(u64) -> u64); 5] = [
                    ("direct", &versions::work),
                    ("pointer", &pointer),
                    ("dyn", &|x| object.work(x)),
                    ("closure", &*closure),
                    ("generic", &versions::generic::<u64>),
                ];
                let (way, call) = calls[(round % 5) as usize];
                // `left` is called first, so once it is new, `right` must be.
                let left = versions::left();
                let right = versions::right();
                if right < left {
                    fail(format!("half a patch: left {left}, then right {right}"));
                }
                let x = round % 19;
                let result = call(x);
                let (version, sum) = (result >> 32, result & 0xffff_ffff);
                if sum != (1..=x).map(|i| i * i).sum::<u64>() {
                    fail(format!("wrong result for {x} ({way}): {sum}"));
                }
                if left < last || version < right {
                    fail(format!(
                        "a step back ({way}): {last}, then {left}, {right}, {version}"
                    ));
                }
                last = version;
                SEEN[thread].store(version, SeqCst);
                CALLS[thread].fetch_add(1, SeqCst);
            }
        });
    }
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn fail(text: String) {
    ERROR.lock().unwrap().get_or_insert(text);
}

fn answer(request: &str) -> String {
    let (word, number) = request.split_once(' ').unwrap_or((request, "0"));
    let number: u64 = number.parse().unwrap_or(0);
    match word {
        // Waits until each thread has seen that version.
        "seen" => {
            let end = Instant::now() + Duration::from_secs(30);
            let least = || SEEN.iter().map(|seen| seen.load(SeqCst)).min().unwrap_or(0);
            while least() < number && Instant::now() < end {
                std::thread::yield_now();
            }
            least().to_string()
        }
        "calls" => CALLS
            .iter()
            .map(|calls| calls.load(SeqCst))
            .sum::<u64>()
            .to_string(),
        _ => ERROR
            .lock()
            .unwrap()
            .clone()
            .unwrap_or_else(|| "none".to_owned()),
    }
}
