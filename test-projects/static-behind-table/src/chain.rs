use crate::settings::{CALLS, DEFAULT, Describe, LABEL};
use crate::table::{ENTRIES, Entry};

struct Link {
    entry: &'static Entry,
    object: &'static dyn Describe,
    label: &'static &'static str,
    calls: &'static [fn() -> u32; 1],
}

static LINKS: [&Link; 1] = [&Link {
    entry: &ENTRIES[0],
    object: &DEFAULT,
    label: &LABEL,
    calls: &CALLS,
}];

pub fn all() -> (&'static str, &'static str, u32) {
    let link = LINKS[0];
    assert_eq!(link.object.describe(), link.entry.settings.name);
    (link.object.describe(), link.label, link.calls[0]())
}
