//! What others find by a method, by a re-export, and at a line.

pub trait Named {
    fn name(&self) -> String;

    fn twice(&self) -> String {
        format!("{0} {0}", self.name())
    }
}

impl Named for u32 {
    fn name(&self) -> String {
        self.to_string()
    }
}

pub mod inner {
    use super::Named;

    const COUNT: u32 = super::start() + 1;

    pub fn inner() -> String {
        format!("inner one {COUNT} {}", COUNT.twice())
    }
}

const fn start() -> u32 {
    3
}

#[inline]
pub fn shared() -> String {
    "shared one".to_owned()
}

pub fn failed(index: usize) -> String {
    let failed = std::panic::catch_unwind(|| at(&[1, 2], index));
    format!("failed one {}", failed.is_err())
}

/// Whoever uses it has its lines.
pub fn at<T: Copy>(all: &[T], index: usize) -> T {
    all[index]
}
