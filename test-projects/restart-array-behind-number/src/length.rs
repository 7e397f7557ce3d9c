pub const LENGTH: usize = 1;
