#!/usr/bin/env bash
# Package:  binutils 2.40-2 (Debian), its `c++filt`; reference: rustc-demangle 0.1.26 (crates.io).
# Subject:  v0 symbols of rustc whose const generic argument needs more than 64 bits. rustc 1.95
#           made these for `U<{1 << 64}>`, `U<{2 << 64}>`, `U<{u128::MAX}>` and `W<{i128::MIN}>`.
# Observed: c++filt drops the leading hexadecimal digit and takes the terminating `_` for a digit:
#           `1 << 64` and `2 << 64` both print as `0x0000000000000000_`, and i128::MIN as minus 0.
# Expected: the value. Two types must not share one name in a profile or a backtrace.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download binutils-x86-64-linux-gnu=2.40-2 libbinutils=2.40-2 binutils-common=2.40-2 >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
libraries=$(find root -type d -name x86_64-linux-gnu -path '*lib*' | sed "s|^|$work/|" | paste -sd:)
demangle() { LD_LIBRARY_PATH=$libraries root/usr/bin/x86_64-linux-gnu-c++filt "$1"; }
mkdir -p reference/src
cat >reference/Cargo.toml <<'TOML'
[package]
name = "reference"
version = "0.0.0"
edition = "2021"
[dependencies]
rustc-demangle = "=0.1.26"
TOML
cat >reference/src/main.rs <<'RUST'
fn main() {
    for symbol in std::env::args().skip(1) {
        println!("{:#}", rustc_demangle::demangle(&symbol));
    }
}
RUST
cargo build -q --manifest-path reference/Cargo.toml
prefix=_RNvMs6_Cs66qv5BOQzbG_1lINtB5_1U
check() { # symbol, what c++filt prints, what rustc-demangle prints
    local seen right
    seen=$(demangle "$1" | sed -E 's/\[[0-9a-f]+\]//g')
    right=$(reference/target/debug/reference "$1")
    echo "c++filt $seen    rustc-demangle $right"
    [[ $seen == "$2" && $right == "$3" ]] || { echo "behaviour changed"; exit 1; }
}
check "${prefix}Ko10000000000000000_E1u" '<l::U<0x0000000000000000_: u128>>::u' '<l::U<0x10000000000000000>>::u'
check "${prefix}Ko20000000000000000_E1u" '<l::U<0x0000000000000000_: u128>>::u' '<l::U<0x20000000000000000>>::u'
check "${prefix}Koffffffffffffffffffffffffffffffff_E1u" \
    '<l::U<0xfffffffffffffffffffffffffffffff_: u128>>::u' '<l::U<0xffffffffffffffffffffffffffffffff>>::u'
check _RNvMCs66qv5BOQzbG_1lINtB2_1WKnn80000000000000000000000000000000_E1a \
    '<l::W<-0x0000000000000000000000000000000_: i128>>::a' '<l::W<-0x80000000000000000000000000000000>>::a'
echo "as described"
