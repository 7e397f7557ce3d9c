//! The text of a [`Program`].

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::define::At;
use crate::model::{Kind, Krate, Module, Part, Program};

/// Relative path and text of each file.
pub(crate) type Files = BTreeMap<String, String>;

/// The text that stands at the top of each crate: what is generated would warn all the time.
const HEAD: &str = "#![allow(warnings)]\n";

/// All files of the workspace.
pub(crate) fn files(program: &Program, opt_level: u8) -> Files {
    let mut files = Files::new();
    files.insert(
        "Cargo.toml".to_owned(),
        format!(
            "[workspace]\nresolver = \"3\"\nmembers = [\"low\", \"mid\", \"app\"]\n\n\
             [profile.dev]\nopt-level = {opt_level}\n"
        ),
    );
    let manifest = |name: &str, dependencies: &[&str]| {
        let mut text = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n"
        );
        for dependency in dependencies {
            let _ = writeln!(text, "{dependency} = {{ path = \"../{dependency}\" }}");
        }
        text
    };
    files.insert("low/Cargo.toml".to_owned(), manifest("low", &[]));
    files.insert("mid/Cargo.toml".to_owned(), manifest("mid", &["low"]));
    files.insert(
        "app/Cargo.toml".to_owned(),
        manifest("app", &["low", "mid"]),
    );
    files.insert(
        "low/src/rt.rs".to_owned(),
        include_str!("rt.rs.txt").to_owned(),
    );
    for krate in [Krate::Low, Krate::Mid, Krate::Lib, Krate::Bin] {
        files.insert(root_file(krate).to_owned(), root(program, krate));
    }
    for (index, module) in program.modules.iter().enumerate() {
        files.insert(
            module_file(program, index),
            module_text(program, module, index),
        );
    }
    files
}

fn root_file(krate: Krate) -> &'static str {
    match krate {
        Krate::Low => "low/src/lib.rs",
        Krate::Mid => "mid/src/lib.rs",
        Krate::Lib => "app/src/lib.rs",
        Krate::Bin => "app/src/main.rs",
    }
}

/// Modules of one crate are `a`, `b`, and so on.
fn module_name(program: &Program, index: usize) -> char {
    let krate = program.modules[index].krate;
    let before = program.modules[..index]
        .iter()
        .filter(|module| module.krate == krate)
        .count();
    char::from(b'a' + u8::try_from(before % 26).unwrap_or(0))
}

/// Where a module's text is.
pub(crate) fn module_file(program: &Program, index: usize) -> String {
    let name = module_name(program, index);
    match program.modules[index].krate {
        Krate::Low => format!("low/src/{name}.rs"),
        Krate::Mid => format!("mid/src/{name}.rs"),
        Krate::Lib => format!("app/src/{name}.rs"),
        Krate::Bin => format!("app/src/main/{name}.rs"),
    }
}

/// A module's path as it is written in a crate.
fn module_path(program: &Program, from: Krate, index: usize) -> String {
    let krate = program.modules[index].krate;
    let root = match krate {
        _ if krate == from => "crate",
        Krate::Low => "low",
        Krate::Mid => "mid",
        Krate::Lib | Krate::Bin => "app",
    };
    format!("{root}::{}", module_name(program, index))
}

fn root(program: &Program, krate: Krate) -> String {
    let mut text = HEAD.to_owned();
    if krate == Krate::Low {
        text.push_str("pub mod rt;\n");
    }
    for (index, module) in program.modules.iter().enumerate() {
        if module.krate == krate {
            if krate == Krate::Bin {
                let name = module_name(program, index);
                let _ = writeln!(text, "#[path = \"main/{name}.rs\"]");
            }
            let _ = writeln!(text, "pub mod {};", module_name(program, index));
        }
    }
    if krate == Krate::Bin {
        text.push_str(&main_function(program));
    }
    text
}

fn main_function(program: &Program) -> String {
    let mut text = "\nfn tick(o: &mut low::rt::Out) {\n".to_owned();
    for index in 0..program.modules.len() {
        let _ = writeln!(
            text,
            "    {}::probe(o);",
            module_path(program, Krate::Bin, index)
        );
    }
    text.push_str(
        "}\n\nfn main() {\n    let mut o = low::rt::Out::new();\n    let mut line = String::new();\n    println!(\"ready\");\n    \
         while std::io::stdin().read_line(&mut line).unwrap() > 0 {\n        line.clear();\n",
    );
    for (id, item) in &program.items {
        if item.kind == Kind::Frame {
            let path = path(program, Krate::Bin, *id);
            let value = match item.style {
                0 => format!("{path}c_{}", item.letter()),
                1 => format!("{path}s_{}", item.letter()),
                _ => format!("{path}i_{}()", item.letter()),
            };
            let _ = writeln!(
                text,
                "        o.line(\"i{id}\", format!(\"{{}}\", {value}));"
            );
        }
    }
    text.push_str("        tick(&mut o);\n        o.end();\n    }\n}\n");
    text
}

/// The path of the module with an item's definition, with `::` at its end.
fn path(program: &Program, from: Krate, id: u32) -> String {
    let module = program.module_of(id, Part::Def).unwrap_or(0);
    format!("{}::", module_path(program, from, module))
}

/// The same for what refers to the definition.
fn via_path(program: &Program, from: Krate, id: u32) -> String {
    let module = program.module_of(id, Part::Via).unwrap_or(0);
    format!("{}::", module_path(program, from, module))
}

fn module_text(program: &Program, module: &Module, index: usize) -> String {
    let mut text = String::new();
    for line in 0..module.comments {
        let _ = writeln!(text, "// A line of comment, number {line}.");
    }
    let rt = if module.krate == Krate::Low {
        "crate"
    } else {
        "low"
    };
    let _ = writeln!(text, "use {rt}::rt;\n");
    let mut probes = Vec::new();
    for piece in &module.pieces {
        let Some(item) = program.items.get(&piece.item) else {
            continue;
        };
        let at = At {
            id: piece.item,
            item,
            n: item.letter(),
            d: path(program, module.krate, piece.item),
            v: via_path(program, module.krate, piece.item),
            rt,
        };
        text.push_str(&match piece.part {
            Part::Def => at.def(),
            Part::Via => at.via(),
            Part::Probe => {
                probes.push(piece.item);
                format!(
                    "pub fn p_i{}(o: &mut rt::Out) {{\n{}}}\n",
                    at.id,
                    at.probe()
                )
            }
        });
    }
    probes.sort_unstable();
    text.push_str("\npub fn probe(o: &mut rt::Out) {\n");
    for id in probes {
        let _ = writeln!(text, "    p_i{id}(o);");
    }
    text.push_str("}\n");
    if program.broken == Some(index) {
        text.push_str("\nfn half_written( {\n");
    }
    text
}
