//! Runs cargo, reads its JSON lines. The only module that knows cargo.
