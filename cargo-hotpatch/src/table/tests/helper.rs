//! The library of the test program.
use std::fmt::Display;

#[inline(never)]
pub fn sum_up_to(n: u64) -> u64 {
    if n == 0 { 0 } else { n + sum_up_to(n - 1) }
}

pub fn describe<T: Display>(value: T) -> String {
    format!("<{value}>")
}

pub trait Shape {
    fn area(&self) -> u64;
}

pub struct Square(pub u64);

impl Shape for Square {
    fn area(&self) -> u64 {
        self.0 * self.0
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn helper_callback(value: i32) -> i32 {
    value + 1
}

#[inline(never)]
pub fn panic_with(message: &str) {
    struct Dropped;
    impl Drop for Dropped {
        fn drop(&mut self) {
            DROPS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
    let _dropped = Dropped;
    panic!("{message}");
}

pub static DROPS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

unsafe extern "C" {
    fn an_extern_that_exists_nowhere();
}

/// Nobody calls it: `--gc-sections` must drop it, else the link fails.
pub fn never_called() {
    unsafe { an_extern_that_exists_nowhere() }
}

#[unsafe(naked)]
pub extern "C" fn naked_three() -> u64 {
    std::arch::naked_asm!("mov eax, 3", "ret")
}
