#!/usr/bin/env bash
# Package:  pot 3.0.1 (crates.io), a self-describing serde format; serde 1.0.229.
# Subject:  a value kept by one version of a program and read by the next, in which a field's type
#           changed. A self-describing format can see that, and pot refuses most of these: `true`
#           read as u8, 3.0 read as u32, a number read as a string.
# Observed: `None` read as u32 is 0, without an error, and 2_u8 read as bool is `true`.
# Expected: an error, as from ciborium, rmp-serde and bson for both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
cat >"$work/Cargo.toml" <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"
[dependencies]
pot = "=3.0.1"
serde = { version = "=1.0.229", features = ["derive"] }
TOML
cat >"$work/src/main.rs" <<'RUST'
use serde::{de::DeserializeOwned, Deserialize, Serialize};
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    value: T,
    other: u8,
}
fn read<A: Serialize, B: DeserializeOwned + std::fmt::Debug>(what: &str, value: A) {
    let bytes = pot::to_vec(&Kept { value, other: 7 }).expect("it can be written");
    match pot::from_slice::<Kept<B>>(&bytes) {
        Ok(kept) => println!("{what}: {:?}", kept.value),
        Err(error) => println!("{what}: error: {error}"),
    }
}
fn main() {
    read::<Option<u32>, u32>("None as u32", None);
    read::<u8, bool>("2 as bool", 2);
    read::<bool, u8>("true as u8", true);
    read::<f64, u32>("3.0 as u32", 3.0);
}
RUST
expected='None as u32: 0
2 as bool: true
true as u8: error: expected u8, got Special
3.0 as u32: error: expected u32, got Float'
seen=$(cargo run -q --manifest-path "$work/Cargo.toml")
printf '%s\n' "$seen"
[[ $seen == "$expected" ]] || { echo "behaviour changed"; exit 1; }
echo "as described"
