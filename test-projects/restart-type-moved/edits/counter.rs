#[derive(Default)]
pub struct Counter {
    pub _first: u64,
    pub count: u32,
}
