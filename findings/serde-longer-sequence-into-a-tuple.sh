#!/usr/bin/env bash
# Package:  bson 2.15.0, flexbuffers 25.12.19, serde-pickle 1.2.0, serde-lexpr 0.1.3; reference:
#           ciborium 0.2.2, rmp-serde 1.3.1 (all from crates.io); serde 1.0.229.
# Subject:  a kept list of three, read by a program version in which it is a pair.
# Observed: four self-describing formats drop the third element silently. Two refuse. serde leaves it
#           to each format whether a visitor that stops early is an error.
# Expected: an error from all, as from ciborium and rmp-serde.
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
bson = "=2.15.0"
ciborium = "=0.2.2"
flexbuffers = "=25.12.19"
rmp-serde = "=1.3.1"
serde = { version = "=1.0.229", features = ["derive"] }
serde-lexpr = "=0.1.3"
serde-pickle = "=1.2.0"
TOML
cat >"$work/src/main.rs" <<'RUST'
use serde::{Deserialize, Serialize};
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    value: T,
    other: u8,
}
type Pair = Kept<(u32, u32)>;
fn say<E>(name: &str, read: Result<Pair, E>) {
    match read {
        Ok(pair) => println!("{name}: {:?}", pair.value),
        Err(_) => println!("{name}: error"),
    }
}
fn main() {
    let list = Kept { value: vec![1_u32, 2, 3], other: 7 };
    let mut bytes = Vec::new();
    ciborium::into_writer(&list, &mut bytes).expect("written");
    say("ciborium", ciborium::from_reader::<Pair, _>(&bytes[..]));
    say("rmp-serde", rmp_serde::from_slice::<Pair>(&rmp_serde::to_vec(&list).expect("written")));
    say("bson", bson::from_bson::<Pair>(bson::to_bson(&list).expect("written")));
    say("flexbuffers", flexbuffers::from_slice::<Pair>(&flexbuffers::to_vec(&list).expect("written")));
    let pickle = serde_pickle::to_vec(&list, Default::default()).expect("written");
    say("serde-pickle", serde_pickle::from_slice::<Pair>(&pickle, Default::default()));
    say("serde-lexpr", serde_lexpr::from_str::<Pair>(&serde_lexpr::to_string(&list).expect("written")));
}
RUST
expected='ciborium: error
rmp-serde: error
bson: (1, 2)
flexbuffers: (1, 2)
serde-pickle: (1, 2)
serde-lexpr: (1, 2)'
seen=$(cargo run -q --manifest-path "$work/Cargo.toml")
printf '%s\n' "$seen"
[[ $seen == "$expected" ]] || { echo "behaviour changed"; exit 1; }
echo "as described"
