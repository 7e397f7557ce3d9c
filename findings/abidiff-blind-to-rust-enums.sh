#!/usr/bin/env bash
# Package:  abigail-tools 2.2-2 (Debian), its `abidiff`; libraries made by rustc with debug info.
# Subject:  two builds of a dynamic library, between which an enum with fields changed in memory:
#           once a variant's u32 became u64, once the variants changed places.
# Observed: abidiff prints nothing and exits with 0. It does not read DW_TAG_variant_part. Its
#           companion abidw says so (`tag not supported 0x33`), abidiff does not. A field-less enum
#           whose values are exchanged is reported, with exit code 4.
# Expected: a difference, or a word about debug info that was not understood.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# Unpacked, not installed; other libraries that it needs are those of the system or come along.
for package in abigail-tools=2.2-2 libabigail0=2.2-2 libdw1=0.188-2.1 libelf1=0.188-2.1; do
    apt-get -qq download "$package" >/dev/null 2>&1
done
for package in *.deb; do dpkg -x "$package" root; done
libraries=$(find "$work/root" -type d -name x86_64-linux-gnu | paste -sd:)
build() { # folder, enum with fields, enum without
    mkdir "$1"
    cat >"$1/k.rs" <<RUST
#![crate_type = "cdylib"]
pub enum Shape { $2 }
#[repr(u8)]
pub enum Switch { $3 }
#[unsafe(no_mangle)]
pub extern "C" fn area(shape: &Shape) -> u64 {
    match shape { Shape::Square(side) => *side, Shape::Line { length } => *length as u64, Shape::Dot => 0 }
}
#[unsafe(no_mangle)]
pub extern "C" fn number(switch: Switch) -> u8 { switch as u8 }
RUST
    (cd "$1" && rustc -g --edition 2024 --crate-name k k.rs -o libk.so)
}
compare() { # folder, exit code that was seen
    local code=0
    LD_LIBRARY_PATH=$libraries root/usr/bin/abidiff old/libk.so "$1/libk.so" >"$1/report" 2>&1 || code=$?
    echo "$1: exit $code, $(wc -l <"$1/report") lines"
    [[ $code == "$2" ]] || { cat "$1/report"; echo "behaviour changed"; exit 1; }
}
build old 'Square(u64), Line { length: u32 }, Dot' 'On = 1, Off = 2'
build wider 'Square(u64), Line { length: u64 }, Dot' 'On = 1, Off = 2'
build reordered 'Dot, Line { length: u32 }, Square(u64)' 'On = 1, Off = 2'
build values 'Square(u64), Line { length: u32 }, Dot' 'On = 2, Off = 1'
compare wider 0
compare reordered 0
compare values 4
[[ ! -s wider/report && ! -s reordered/report ]] || { echo "behaviour changed"; exit 1; }
echo "as described"
