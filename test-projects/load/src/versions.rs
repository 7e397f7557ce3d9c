// Rewritten as a whole by each save: all functions change together.

pub fn left() -> u64 {
    0
}

pub fn right() -> u64 {
    0
}

pub fn work(x: u64) -> u64 {
    (0 << 32) | (1..=x).map(|i| i * i).sum::<u64>()
}

pub fn generic<T: Into<u64>>(x: T) -> u64 {
    let x: u64 = x.into();
    (0 << 32) | (1..=x).map(|i| i * i).sum::<u64>()
}

pub fn closure() -> Box<dyn Fn(u64) -> u64> {
    let zero = std::hint::black_box(0);
    Box::new(move |x| (0 << 32) | (1..=x).map(|i| i * i + zero).sum::<u64>())
}

pub trait Work {
    fn work(&self, x: u64) -> u64;
}

pub struct Worker;

impl Work for Worker {
    fn work(&self, x: u64) -> u64 {
        (0 << 32) | (1..=x).map(|i| i * i).sum::<u64>()
    }
}
