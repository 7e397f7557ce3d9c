//! Nothing that an edited function can see.

use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Registry {
    entries: BTreeMap<String, Vec<u8>>,
}

impl Registry {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn insert(&mut self, name: &str, value: &[u8]) -> Option<Vec<u8>> {
        self.entries.insert(name.to_owned(), value.to_vec())
    }

    pub fn largest(&self) -> Option<(&String, &Vec<u8>)> {
        self.entries.iter().max_by_key(|(_, value)| value.len())
    }

    pub fn longest_name(&self) -> usize {
        self.entries.keys().map(String::len).max().unwrap_or_default()
    }
}
