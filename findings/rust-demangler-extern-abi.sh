#!/usr/bin/env bash
# Package:  rust_demangler 1.0 (PyPI), a v0 demangler for Python.
# Subject:  symbols of rustc 1.95 whose generic argument is a function pointer with an ABI:
#           `extern "C" fn(u8) -> !`, `extern "sysv64" fn()`, `unsafe extern "C-unwind" fn()`.
# Observed: "C" is printed as `extern "C-"fn`: a dash too many, and no space. Every other ABI
#           raises an error, although the symbol is well formed.
# Expected: `extern "C" fn(u8) -> !`, and names for the others.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install rust_demangler==1.0
cat >l.rs <<'RUST'
#![crate_type = "lib"]
pub fn g<T>(_: &T) {}
pub fn all() {
    g::<extern "C" fn(u8) -> !>(&(c as _));
    g::<extern "sysv64" fn()>(&(s as _));
    g::<unsafe extern "C-unwind" fn()>(&(u as _));
}
extern "C" fn c(_: u8) -> ! { loop {} }
extern "sysv64" fn s() {}
unsafe extern "C-unwind" fn u() {}
RUST
rustc --edition 2021 -C symbol-mangling-version=v0 --emit=obj l.rs -o l.o
nm l.o | awk '$NF ~ /1gF/ { print $NF }' | sort -u >symbols
[[ $(wc -l <symbols) == 3 ]] || { echo "rustc made other symbols"; exit 1; }
venv/bin/python - <<'PY'
import re, rust_demangler
seen = []
for symbol in open("symbols").read().split():
    try:
        name = re.sub(r"\[[0-9a-f]+\]", "", rust_demangler.demangle(symbol))
    except Exception as error:
        name = type(error).__name__
    print(name)
    seen.append(name)
assert sorted(seen) == ["UnableTov0Demangle", "UnableTov0Demangle", 'l::g::<extern "C-"fn(u8) -> !>'], "behaviour changed"
PY
echo "as described"
