#!/usr/bin/env bash
# Package:  pahole 1.24-4.1 (Debian); an object made by rustc 1.95 with debug info.
# Subject:  rustc lists fields as the source does, and may place them in another order:
#           `struct P { a: u32, b: u64 }` has a at 8 and b at 0.
# Observed: pahole computes holes between neighbours of the list: `XXX 65524 bytes hole` in a struct
#           of 16 bytes, and ends with its own message that the sums do not agree.
# Expected: fields by offset and 4 bytes of padding, as for the same struct with repr(C) and b first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for package in pahole=1.24-4.1 libbpf1=1:1.1.2-0+deb12u1 libdw1=0.188-2.1 libelf1=0.188-2.1; do
    apt-get -qq download "$package" >/dev/null 2>&1 || { echo "cannot get $package"; exit 1; }
done
for package in *.deb; do dpkg -x "$package" root; done
libraries=$(find "$work/root" -type d -name x86_64-linux-gnu | paste -sd:)
cat >l.rs <<'RUST'
#![crate_type = "lib"]
pub struct P { pub a: u32, pub b: u64 }
#[unsafe(no_mangle)]
pub fn sum(p: &P) -> u64 { p.b + u64::from(p.a) }
RUST
rustc -g --edition 2024 --emit=obj l.rs -o l.o
LD_LIBRARY_PATH=$libraries root/usr/bin/pahole -C P l.o >seen
grep -E 'u32|u64|hole, try|ALERT' seen
grep -q 'XXX 65524 bytes hole' seen && grep -q '16 bytes != 12 (member bytes)' seen ||
    { cat seen; echo "behaviour changed"; exit 1; }
echo "as described"
