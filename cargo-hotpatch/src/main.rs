//! `cargo-hotpatch`: one executable, three roles.
fn main() {}
