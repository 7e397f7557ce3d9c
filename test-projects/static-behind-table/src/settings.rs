pub struct Settings {
    pub name: &'static str,
    pub number: u32,
}

pub trait Describe: Sync {
    fn describe(&self) -> &'static str;
}

impl Describe for Settings {
    fn describe(&self) -> &'static str {
        self.name
    }
}

pub static DEFAULT: Settings = Settings {
    name: "one",
    number: 1,
};

pub static LABEL: &str = "label";

pub fn first() -> u32 {
    1
}

pub fn second() -> u32 {
    2
}

pub static CALLS: [fn() -> u32; 1] = [first as fn() -> u32];
