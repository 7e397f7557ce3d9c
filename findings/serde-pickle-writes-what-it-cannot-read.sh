#!/usr/bin/env bash
# Package:  serde-pickle 1.2.0 (crates.io); serde 1.0.229; reference: CPython's own pickle.
# Subject:  unsigned integers above i64::MAX, such as hashes, and so Duration::MAX as well.
# Observed: they are written, Python reads them rightly, and serde-pickle itself cannot read them
#           back into the type that it wrote.
# Expected: u64::MAX, or an error when it is written.
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
serde-pickle = "=1.2.0"
serde = "=1.0.229"
TOML
cat >"$work/src/main.rs" <<'RUST'
use std::time::Duration;
fn main() {
    let options = serde_pickle::SerOptions::new;
    let bytes = serde_pickle::to_vec(&u64::MAX, options()).expect("it can be written");
    println!("written: {} bytes", bytes.len());
    std::fs::write(std::env::args().nth(1).expect("a path"), &bytes).expect("a file");
    match serde_pickle::from_slice::<u64>(&bytes, Default::default()) {
        Ok(number) => println!("u64: {number}"),
        Err(_) => println!("u64: error"),
    }
    let bytes = serde_pickle::to_vec(&Duration::MAX, options()).expect("it can be written");
    match serde_pickle::from_slice::<Duration>(&bytes, Default::default()) {
        Ok(time) => println!("Duration: {time:?}"),
        Err(_) => println!("Duration: error"),
    }
}
RUST
expected='written: 14 bytes
u64: error
Duration: error'
seen=$(cargo run -q --manifest-path "$work/Cargo.toml" -- "$work/u64")
python3 -c "import pickle, sys; assert pickle.load(open(sys.argv[1], 'rb')) == 2**64 - 1" "$work/u64"
printf '%s\n' "$seen"
[[ $seen == "$expected" ]] || { echo "behaviour changed"; exit 1; }
echo "as described"
