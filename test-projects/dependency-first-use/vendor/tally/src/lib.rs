use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

pub fn next() -> u32 {
    COUNT.fetch_add(1, Relaxed) + 1
}

/// Shares a private static with `next`, and brings a constant and a table of its own.
pub fn written(number: u32) -> String {
    let seen = COUNT.load(Relaxed);
    format!("no. {number} of {seen}")
}
