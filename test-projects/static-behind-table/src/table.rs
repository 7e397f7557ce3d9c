use crate::settings::{DEFAULT, Settings};

pub struct Entry {
    pub settings: &'static Settings,
}

pub static ENTRIES: [Entry; 1] = [Entry { settings: &DEFAULT }];
