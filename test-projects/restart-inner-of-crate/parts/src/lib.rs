pub struct Tank {
    filled: u32,
}

impl Tank {
    pub fn new() -> Self {
        Self { filled: 0 }
    }

    pub fn fill(&mut self, amount: u32) {
        self.filled += amount;
    }

    pub fn filled(&self) -> u32 {
        self.filled
    }
}
