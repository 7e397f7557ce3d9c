//! `impl`s that are numbered: some in front of those that are used, some behind them.

use std::fmt::Debug;

use crate::unrelated::Registry;
use crate::words::Named;

#[derive(Debug, Clone, PartialEq)]
pub struct Unseen {
    pub registry: Registry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tag {
    #[default]
    Small,
    Large(u8),
}

#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub tag: Tag,
}

impl Named for Unseen {
    fn name(&self) -> String {
        format!("unseen {:?}", self.registry)
    }
}

impl From<Unseen> for Seen {
    fn from(unseen: Unseen) -> Self {
        Self {
            tag: Tag::Large(u8::from(unseen.registry.is_empty())),
        }
    }
}

impl Unseen {
    pub fn new() -> Self {
        Self {
            registry: Registry::default(),
        }
    }
}

impl Named for Seen {
    fn name(&self) -> String {
        format!("seen {:?}", self.tag)
    }
}

impl Seen {
    pub fn grown(&self) -> Self {
        Self { tag: Tag::Large(7) }
    }
}

pub fn derived() -> String {
    let seen = Seen::default();
    format!("derived one {:?} {}", seen.clone(), seen.tag == Tag::Small)
}

pub fn named() -> String {
    let named = Seen::default().grown();
    format!("named one {}", named.name())
}

pub fn unnamed() -> impl Debug {
    Seen::from(Unseen::new())
}
