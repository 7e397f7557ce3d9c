//@ why: frames that have returned leave their return addresses below the stack pointer, where the buffer of another frame comes to lie
//@ ask: 200 => went 200 deep
//@ edit src/main.rs: replace "went {depth} deep" with "was {depth} deep"
//@ expect: patched
//@ only: frame_returned::goes_deep patched
//@ ask: 100 => was 100 deep
//@ edit src/main.rs: replace "was {depth} deep" with "has been {depth} deep"
//@ expect: patched
//@ only: frame_returned::goes_deep patched
//@ ask: 10 => has been 10 deep

use std::hint::black_box;
use std::io::Read as _;
use std::mem::MaybeUninit;

fn main() {
    println!("ready");
    while let Some(depth) = next_number() {
        goes_deep(depth, depth);
    }
}

/// Each of its calls leaves a return address into itself.
fn goes_deep(left: u32, depth: u32) {
    if left == 0 {
        println!("went {depth} deep");
    } else {
        goes_deep(left - 1, depth);
    }
    black_box(left);
}

/// Waits for a line, above a buffer that nobody has written to.
fn next_number() -> Option<u32> {
    let mut buffer: MaybeUninit<[u64; 4096]> = MaybeUninit::uninit();
    black_box(&mut buffer);
    let mut number = None;
    for byte in std::io::stdin().bytes() {
        match byte {
            Ok(digit @ b'0'..=b'9') => {
                number = Some(number.unwrap_or(0) * 10 + u32::from(digit - b'0'));
            }
            _ => break,
        }
    }
    number
}
