#!/usr/bin/env bash
# Package:  lief 1.0.0 (PyPI); reference: pyelftools 0.33 (PyPI), GNU readelf.
# Subject:  relocatable objects with more than 65,279 sections: the ELF header then holds 0, and
#           section 0 holds the number. One section a function is what rustc emits by default, so
#           a large crate in one codegen unit gets there. GNU as writes such a file here.
# Observed: LIEF parses it without an exception, and returns a binary with 0 sections and 0 symbols.
#           The only sign is a line on stderr about the section name table.
# Expected: 70,000 and more sections, or an error value.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install lief==1.0.0 pyelftools==0.33
for ((i = 0; i < 70000; i++)); do
    printf '.section .text.f%d,"ax",@progbits\n.globl f%d\nf%d: ret\n' "$i" "$i" "$i"
done >many.s
as many.s -o many.o
venv/bin/python - <<'PY'
import lief
from elftools.elf.elffile import ELFFile
binary = lief.ELF.parse("many.o")
with open("many.o", "rb") as file:
    sections = ELFFile(file).num_sections()
print(f"lief: {len(binary.sections)} sections, {len(binary.symbols)} symbols; pyelftools: {sections} sections")
assert (len(binary.sections), len(binary.symbols)) == (0, 0) and sections > 70000, "behaviour changed"
PY
echo "as described"
