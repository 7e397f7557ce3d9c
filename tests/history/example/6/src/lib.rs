// A shop and its stock.

use std::sync::LazyLock;

static TILL: LazyLock<u32> = LazyLock::new(|| 200);

pub fn till() -> u32 {
    *TILL
}

pub struct Stock {
    names: Vec<String>,
    open: bool,
}

impl Stock {
    pub fn new(names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self { names, open: true }
    }

    pub fn count(&self, name: &str) -> usize {
        matching(&self.names, |own| own == name)
    }

    pub fn label(&self, name: &str) -> String {
        let place = self.names.iter().position(|own| own == name);
        format!("no. {} {name} {}", place.expect("unknown"), self.open)
    }
}

fn matching<T>(all: &[T], wanted: impl Fn(&T) -> bool) -> usize {
    all.iter().filter(|one| wanted(one)).count()
}
