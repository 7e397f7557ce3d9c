pub struct Small {
    pub count: u32,
}

pub struct Large {
    pub rounds: u64,
    pub count: u32,
}
