#!/usr/bin/env bash
# Package:  serde-lexpr 0.1.3 (crates.io); serde 1.0.229.
# Subject:  floating-point values that are no finite number, written as S-expressions.
# Observed: NaN and the infinities are written as bare words, which its own reader takes for symbols
#           and refuses as f64. Finite numbers and minus zero come back.
# Expected: the syntax of R7RS, `+nan.0` and `+inf.0`, or an error when they are written.
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
serde-lexpr = "=0.1.3"
serde = "=1.0.229"
TOML
cat >"$work/src/main.rs" <<'RUST'
fn main() {
    for value in [-0.0, 1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let text = serde_lexpr::to_string(&value).expect("it can be written");
        match serde_lexpr::from_str::<f64>(&text) {
            Ok(back) => println!("{value}: written {text}, read {back}"),
            Err(_) => println!("{value}: written {text}, not read"),
        }
    }
}
RUST
expected='-0: written -0.0, read -0
1.5: written 1.5, read 1.5
NaN: written NaN, not read
inf: written inf, not read
-inf: written -inf, not read'
seen=$(cargo run -q --manifest-path "$work/Cargo.toml")
printf '%s\n' "$seen"
[[ $seen == "$expected" ]] || { echo "behaviour changed"; exit 1; }
echo "as described"
