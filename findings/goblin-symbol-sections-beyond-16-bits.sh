#!/usr/bin/env bash
# Package:  goblin 0.10.1 (crates.io); reference: object 0.37.3 (crates.io).
# Subject:  an object with more than 65,279 sections, whose symbols name theirs in SHT_SYMTAB_SHNDX.
# Observed: goblin resolves the number of sections and their names, but no symbol's section: `st_shndx`
#           is a usize, and yet holds the marker 65535 for 4,724 of 70,001 symbols. Indexing the section
#           headers with it does not fail: it yields a section that exists and has nothing to do with it.
# Expected: the index from SHT_SYMTAB_SHNDX, as in object, since the field is wide enough for it.
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
goblin = "=0.10.1"
object = "=0.37.3"
TOML
cat >"$work/src/main.rs" <<'RUST'
use object::{Object as _, ObjectSymbol as _};
fn main() {
    let path = std::env::temp_dir().join(format!("many-{}.o", std::process::id()));
    let source = path.with_extension("s");
    let text: String = (0..70_000)
        .map(|i| format!(".section .text.f{i},\"ax\",@progbits\n.globl f{i}\nf{i}: ret\n"))
        .collect();
    std::fs::write(&source, text).expect("the assembly is written");
    let status = std::process::Command::new("as").arg(&source).arg("-o").arg(&path).status();
    assert!(status.expect("as runs").success());
    let bytes = std::fs::read(&path).expect("the object");
    let _ = (std::fs::remove_file(&path), std::fs::remove_file(&source));
    let elf = goblin::elf::Elf::parse(&bytes).expect("goblin parses it");
    let object = object::File::parse(&*bytes).expect("object parses it");
    let marker = elf.syms.iter().filter(|symbol| symbol.st_shndx == 65_535).count();
    println!("sections {}, symbols {}, with the marker {marker}", elf.section_headers.len(), elf.syms.len());
    let symbol = elf.syms.iter().find(|symbol| elf.strtab.get_at(symbol.st_name) == Some("f69999"));
    let index = symbol.expect("it is there").st_shndx;
    let section = elf.shdr_strtab.get_at(elf.section_headers[index].sh_name).unwrap_or("?");
    println!("f69999: goblin {index} ({section})");
    let known = object.symbol_by_name("f69999").and_then(|symbol| symbol.section_index());
    println!("f69999: object {}", known.expect("a section").0);
}
RUST
expected='sections 70008, symbols 70001, with the marker 4724
f69999: goblin 65535 (.text.f65531)
f69999: object 70003'
seen=$(cargo run -q --manifest-path "$work/Cargo.toml")
printf '%s\n' "$seen"
[[ $seen == "$expected" ]] || { echo "behaviour changed"; exit 1; }
echo "as described"
