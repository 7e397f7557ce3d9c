#[derive(Default)]
pub struct Counter {
    count: u64,
}

impl Counter {
    pub fn next(&mut self) -> String {
        self.count += 1;
        format!("{} visits", self.count)
    }
}
