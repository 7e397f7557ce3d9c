//! Relocatable objects, read once and indexed by section and symbol.
