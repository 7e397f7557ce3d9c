use std::sync::LazyLock;

static TILL: LazyLock<u32> = LazyLock::new(|| 100);

pub fn till() -> u32 {
    *TILL
}

pub struct Stock {
    names: Vec<String>,
}

impl Stock {
    pub fn new(names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self { names }
    }

    pub fn count(&self, name: &str) -> usize {
        self.names.iter().filter(|own| *own == name).count()
    }

    pub fn label(&self, name: &str) -> String {
        let place = self.names.iter().position(|own| own == name);
        format!("no. {} {name}", place.expect("unknown"))
    }
}
