#!/usr/bin/env bash
# Package:  flexbuffers 25.12.19 (crates.io); serde 1.0.229.
# Subject:  a text that an older version of a program kept as String, read by a version whose field
#           is a char.
# Observed: every string is read as the character NUL, without an error, a string of one character
#           as well. The other way, char read as String, is refused.
# Expected: the character for a string of one, an error for a longer one, as from rmp-serde.
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
flexbuffers = "=25.12.19"
serde = { version = "=1.0.229", features = ["derive"] }
TOML
cat >"$work/src/main.rs" <<'RUST'
use serde::{de::DeserializeOwned, Deserialize, Serialize};
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    value: T,
}
fn read<A: Serialize, B: DeserializeOwned + std::fmt::Debug>(what: &str, value: A) {
    let bytes = flexbuffers::to_vec(Kept { value }).expect("it can be written");
    match flexbuffers::from_slice::<Kept<B>>(&bytes) {
        Ok(kept) => println!("{what}: {:?}", kept.value),
        Err(_) => println!("{what}: error"),
    }
}
fn main() {
    read::<&str, char>("x as char", "x");
    read::<&str, char>("xy as char", "xy");
    read::<char, String>("char as string", 'x');
}
RUST
expected='x as char: '"'\0'"'
xy as char: '"'\0'"'
char as string: error'
seen=$(cargo run -q --manifest-path "$work/Cargo.toml")
printf '%s\n' "$seen"
[[ $seen == "$expected" ]] || { echo "behaviour changed"; exit 1; }
echo "as described"
