//! The text of a [`Program`].

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::{Item, Kind, Krate, Module, Part, Program};

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

/// An item, as it is seen from the module in which a piece of it stands.
struct At<'a> {
    id: u32,
    item: &'a Item,
    /// Its letter.
    n: char,
    /// The path of its definition's module.
    d: String,
    /// The path of the module of what refers to it.
    v: String,
    /// The crate with the macros.
    rt: &'static str,
}

/// What a type's variants are called.
const VARIANTS: [[&str; 3]; 6] = [
    ["A", "B", "C"],
    ["B", "A", "C"],
    ["A", "C", "B"],
    ["C", "B", "A"],
    ["B", "C", "A"],
    ["C", "A", "B"],
];

impl At<'_> {
    fn def(&self) -> String {
        let Self { id, item, n, .. } = self;
        let (k, order) = (item.k, item.order);
        match item.kind {
            Kind::Fn => self.function(),
            Kind::Const => match item.style {
                0 => format!("pub const C_{n}: u64 = {k};\n"),
                1 => format!("pub const C_{n}: &str = \"{k}\";\n"),
                _ => {
                    format!("pub struct CT_{n};\nimpl CT_{n} {{\n    pub const V: u64 = {k};\n}}\n")
                }
            },
            Kind::Imm => {
                let (ty, value) = self.immutable();
                format!("pub static S_{n}: {ty} = {value};\n")
            }
            Kind::FnTable => format!(
                "pub fn fa_{n}() -> u64 {{\n    {k}\n}}\npub fn fb_{n}() -> u64 {{\n    {}\n}}\n",
                k + 1
            ),
            Kind::Macro => format!(
                "macro_rules! mac_{n} {{\n    ($x:expr) => {{ $x + {k} }};\n}}\npub(crate) use mac_{n};\n"
            ),
            Kind::Generic => format!(
                "pub struct G_{n}<T> {{\n    pub v: T,\n}}\nimpl<T: std::fmt::Display> G_{n}<T> {{\n    pub fn show(&self) -> String {{\n        \
                 format!(\"{k} {{}}\", self.v)\n    }}\n}}\n"
            ),
            Kind::Loc => format!(
                "#[track_caller]\npub fn at_{n}() -> u32 {{\n    {k} * 10000 + std::panic::Location::caller().line()\n}}\n"
            ),
            Kind::Drop => {
                let destructor = format!(
                    "impl Drop for D_{n} {{\n    fn drop(&mut self) {{\n        rt::log(format!(\"drop {k} {{}}\", self.0));\n    }}\n}}\n"
                );
                let with = if order == 1 { &*destructor } else { "" };
                format!("pub struct D_{n}(pub u64);\n{with}")
            }
            Kind::State => self.state_def(),
            Kind::Block => self.block(),
            Kind::Named => self.named(),
            Kind::EnumNum => {
                let [a, b, c] = VARIANTS[usize::from(order % 6)];
                if item.style == 0 {
                    format!(
                        "#[derive(Clone, Copy)]\npub enum E_{n} {{\n    {a},\n    {b},\n    {c},\n}}\n"
                    )
                } else {
                    format!("{}::numbered!(E_{n}, {a}, {b}, {c});\n", self.rt)
                }
            }
            Kind::EnumVal => {
                let [a, b, c] = VARIANTS[usize::from(order % 6)];
                format!(
                    "pub enum V_{n} {{\n    {a}(u64),\n    {b}(u64),\n    {c}(u64),\n}}\nimpl rt::Obj for V_{n} {{\n    fn show(&self) -> String {{\n        \
                     match self {{\n            Self::A(x) => format!(\"{k} A{{x}}\"),\n            Self::B(x) => format!(\"{k} B{{x}}\"),\n            \
                     Self::C(x) => format!(\"{k} C{{x}}\"),\n        }}\n    }}\n}}\n"
                )
            }
            Kind::Closures | Kind::LocalFns | Kind::LocalTypes | Kind::LocalStatics => {
                self.blocks_of_function()
            }
            Kind::FnPtr => format!("pub fn q_{n}() -> String {{\n    format!(\"{k}\")\n}}\n"),
            Kind::DynTrait => {
                let mut methods = [
                    "    fn m(&self) -> String;\n".to_owned(),
                    format!("    fn n(&self) -> String {{\n        format!(\"n {k}\")\n    }}\n"),
                ];
                if order == 1 {
                    methods.reverse();
                }
                format!("pub trait W_{n} {{\n{}}}\n", methods.concat())
            }
            Kind::Async => format!(
                "pub async fn y_{n}() {{\n    let mut n = 0u64;\n    loop {{\n        n += 1;\n        rt::log(format!(\"{k} n={{n}}\"));\n        \
                 rt::pause().await;\n    }}\n}}\n"
            ),
            Kind::TlConst => format!(
                "thread_local! {{\n    pub static L_{n}: std::cell::Cell<u64> = const {{ std::cell::Cell::new({k}) }};\n}}\n"
            ),
            Kind::Once => format!("pub fn load_{n}() -> u64 {{\n    {k}\n}}\n"),
            Kind::Erased => {
                let to = if order == 0 { "a" } else { "b" };
                format!(
                    "pub struct Z_{n}_a {{\n    pub x: u64,\n    pub y: u64,\n}}\npub struct Z_{n}_b {{\n    pub y: u64,\n    pub x: u64,\n}}\n\
                     pub type Z_{n} = Z_{n}_{to};\n"
                )
            }
            Kind::Asm => format!(
                "std::arch::global_asm!(\".globl asm_{n}_{id}\", \"asm_{n}_{id}:\", \"mov eax, {k}\", \"ret\");\nunsafe extern \"C\" {{\n    \
                 pub fn asm_{n}_{id}() -> u32;\n}}\n"
            ),
            Kind::Frame => match item.style {
                0 => format!("pub const c_{n}: &str = \"{k}\";\n"),
                1 => format!("pub static s_{n}: &str = \"{k}\";\n"),
                _ => format!("#[inline(always)]\npub fn i_{n}() -> u64 {{\n    {k}\n}}\n"),
            },
        }
    }

    fn function(&self) -> String {
        let Self { item, n, .. } = self;
        let k = item.k;
        // The second parameter is for all styles but the generic one.
        let (more, plus) = if item.order == 1 {
            (", y: u64", " + y")
        } else {
            ("", "")
        };
        let head = format!("pub fn f_{n}(x: u64{more}) -> u64");
        match item.style {
            0 => format!("{head} {{\n    x + {k}{plus}\n}}\n"),
            1 => format!(
                "{head} {{\n    let mut s = 0;\n    for i in 0..3 {{\n        s += i * x;\n    }}\n    s + {k}{plus}\n}}\n"
            ),
            2 => format!("#[inline]\n{head} {{\n    x + {k}{plus}\n}}\n"),
            3 => format!("#[inline(always)]\n{head} {{\n    x + {k}{plus}\n}}\n"),
            4 => format!("pub const fn f_{n}(x: u64{more}) -> u64 {{\n    x + {k}{plus}\n}}\n"),
            5 => format!(
                "pub fn f_{n}<T: Copy + Into<u64>>(x: T{}) -> u64 {{\n    x.into() + {k}{}\n}}\n",
                if item.order == 1 { ", y: T" } else { "" },
                if item.order == 1 { " + y.into()" } else { "" }
            ),
            6 => format!("{head} {{\n    (0..3u64).map(|i| i + {k}).sum::<u64>() + x{plus}\n}}\n"),
            7 => format!(
                "{head} {{\n    match x {{\n        0 => {k},\n        _ => {k} + x{plus},\n    }}\n}}\n"
            ),
            _ => format!(
                "{head} {{\n    let s = \"{k}\";\n    s.parse::<u64>().unwrap() + x{plus}\n}}\n"
            ),
        }
    }

    /// Type and value of an immutable static.
    fn immutable(&self) -> (String, String) {
        let k = self.item.k;
        match self.item.style {
            0 => ("u64".to_owned(), k.to_string()),
            1 => ("&str".to_owned(), format!("\"{k}\"")),
            2 => (
                "rt::Cfg".to_owned(),
                format!("rt::Cfg {{ name: \"i{}\", n: {k} }}", self.id),
            ),
            _ => (
                "rt::Rule".to_owned(),
                format!("rt::Rule {{ file: \"lib.rs\", max: {k}, warn: 80 }}"),
            ),
        }
    }

    fn state_def(&self) -> String {
        let Self {
            id, item, n, rt, ..
        } = self;
        let (ty, make, k) = (item.ty.text(), item.ty.make(*id), item.k);
        match item.style {
            0 => format!(
                "pub static M_{n}: std::sync::Mutex<Vec<{ty}>> = std::sync::Mutex::new(Vec::new());\n"
            ),
            1 => format!(
                "pub fn m_{n}() -> &'static std::sync::Mutex<Vec<{ty}>> {{\n    static LOG: std::sync::Mutex<Vec<{ty}>> = \
                 std::sync::Mutex::new(Vec::new());\n    &LOG\n}}\n"
            ),
            2 => format!(
                "pub struct P_{n};\nconst _: () = {{\n    static LOG: std::sync::Mutex<Vec<{ty}>> = std::sync::Mutex::new(Vec::new());\n    \
                 impl rt::Store for P_{n} {{\n        fn hit() -> String {{\n            let mut l = LOG.lock().unwrap();\n            \
                 l.push({make});\n            format!(\"{k} n={{}} {{:?}} {{}}\", l.len(), l[0], l.iter().all(|x| *x == l[0]))\n        \
                 }}\n    }}\n}};\n"
            ),
            3 => format!("{rt}::store!(P_{n}, {ty}, {make}, {k});\n"),
            4 => format!(
                "thread_local! {{\n    pub static N_{n}: std::cell::RefCell<Vec<{ty}>> = const {{ std::cell::RefCell::new(Vec::new()) }};\n}}\n"
            ),
            5 => format!("{rt}::local_store!(P_{n}, {ty}, {make}, {k});\n"),
            _ => format!(
                "pub static A_{n}: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new({id}000);\n"
            ),
        }
    }

    fn block(&self) -> String {
        let Self {
            id, item, n, rt, ..
        } = self;
        let (ty, make, k) = (item.ty.text(), item.ty.make(*id), item.k);
        if item.style == 1 {
            return format!("{rt}::block!(P_{n}, {ty}, {make}, \"i{id}\", {k});\n");
        }
        format!(
            "pub struct P_{n};\nconst _: () = {{\n    struct Sx {{\n        v: {ty},\n    }}\n    impl rt::Obj for Sx {{\n        \
             fn show(&self) -> String {{\n            format!(\"i{id} {k} {{:?}}\", self.v)\n        }}\n    }}\n    \
             impl rt::Mk for P_{n} {{\n        fn mk() -> Box<dyn rt::Obj> {{\n            Box::new(Sx {{ v: {make} }})\n        }}\n    }}\n}};\n"
        )
    }

    fn named(&self) -> String {
        let Self { id, item, n, .. } = self;
        let (ty, make, k) = (item.ty.text(), item.ty.make(*id), item.k);
        // Bit 0: the order of the two fields; bit 1: what they are called.
        let (x, y) = if item.order & 2 == 0 {
            ("w", "h")
        } else {
            ("p", "q")
        };
        let fields = if item.order & 1 == 0 {
            format!("{x}: u64,\n    {y}: u64")
        } else {
            format!("{y}: u64,\n    {x}: u64")
        };
        format!(
            "pub struct T_{n} {{\n    {fields},\n    v: {ty},\n}}\npub fn new_{n}() -> T_{n} {{\n    T_{n} {{ {x}: {id}, {y}: 5, v: {make} }}\n}}\n\
             impl rt::Obj for T_{n} {{\n    fn show(&self) -> String {{\n        format!(\"i{id} {k} {{}} {{}} {{:?}}\", self.{x}, self.{y}, self.v)\n    \
             }}\n}}\n"
        )
    }

    fn blocks_of_function(&self) -> String {
        let Self {
            id, item, n, rt, ..
        } = self;
        let mut text = format!("pub fn sub_{n}(o: &mut rt::Out) {{\n");
        for sub in &item.subs {
            let key = format!("i{id}.{}", sub.id);
            let (ty, make, k) = (sub.ty.text(), sub.ty.make(sub.tag(*id)), sub.k);
            text.push_str(&match (item.kind, item.style) {
                (Kind::Closures, _) => format!(
                    "    if o.first(\"{key}\") {{\n        let v = {make};\n        \
                     o.keep_closure(\"{key}\", Box::new(move || format!(\"{key} {k} {{:?}}\", v)));\n    }}\n"
                ),
                (Kind::LocalFns, _) => format!(
                    "    {{\n        fn h() -> String {{\n            format!(\"{key} {k}\")\n        }}\n        \
                     if o.first(\"{key}\") {{\n            o.keep_fn(\"{key}\", h);\n        }}\n    }}\n"
                ),
                (Kind::LocalTypes, 0) => format!(
                    "    {{\n        struct S {{\n            v: {ty},\n        }}\n        impl rt::Obj for S {{\n            \
                     fn show(&self) -> String {{\n                format!(\"{key} {k} {{:?}}\", self.v)\n            }}\n        }}\n        \
                     if o.first(\"{key}\") {{\n            o.keep_obj(\"{key}\", Box::new(S {{ v: {make} }}));\n        }}\n    }}\n"
                ),
                (Kind::LocalTypes, _) => {
                    format!("    {rt}::reg!(o, \"{key}\", {ty}, {make}, {k});\n")
                }
                (_, 0) => format!(
                    "    {{\n        static L: std::sync::Mutex<Vec<{ty}>> = std::sync::Mutex::new(Vec::new());\n        \
                     let mut l = L.lock().unwrap();\n        l.push({make});\n        \
                     o.line(\"{key}\", format!(\"{k} n={{}} {{:?}} {{}}\", l.len(), l[0], l.iter().all(|x| *x == l[0])));\n    }}\n"
                ),
                _ => format!("    {rt}::count!(o, \"{key}\", {ty}, {make}, {k});\n"),
            });
        }
        text.push_str("}\n");
        text
    }

    fn via(&self) -> String {
        let Self { id, item, n, d, .. } = self;
        match item.kind {
            Kind::Fn => {
                let arguments = if item.order == 1 {
                    "x, 2u32.into()"
                } else {
                    "x"
                };
                format!("pub fn v_i{id}(x: u64) -> u64 {{\n    {d}f_{n}({arguments})\n}}\n")
            }
            Kind::Const => format!(
                "pub fn v_i{id}() -> String {{\n    format!(\"{{}}\", {})\n}}\n",
                self.constant()
            ),
            Kind::Imm => {
                let (ty, _) = self.immutable();
                let ty = if item.style == 1 { "&'static str" } else { &ty };
                format!("pub static TAB_i{id}: [&'static {ty}; 1] = [&{d}S_{n}];\n")
            }
            Kind::FnTable => {
                let mut entries = [format!("(\"a\", {d}fa_{n})"), format!("(\"b\", {d}fb_{n})")];
                if item.order == 1 {
                    entries.reverse();
                }
                format!(
                    "pub static TAB_i{id}: [(&str, fn() -> u64); 2] = [{}];\n",
                    entries.join(", ")
                )
            }
            Kind::Generic => {
                format!("pub fn v_i{id}() -> String {{\n    {d}G_{n} {{ v: 5u64 }}.show()\n}}\n")
            }
            Kind::Loc => format!("pub fn v_i{id}() -> u32 {{\n    {d}at_{n}() //@i{id}\n}}\n"),
            Kind::State => self.state_via(),
            Kind::EnumNum => format!(
                "pub fn v_i{id}(x: usize) -> &'static str {{\n    let x = x as u8;\n    if x == {d}E_{n}::A as u8 {{\n        \"A\"\n    }} \
                 else if x == {d}E_{n}::B as u8 {{\n        \"B\"\n    }} else {{\n        \"C\"\n    }}\n}}\n\
                 pub fn w_i{id}() -> Vec<usize> {{\n    vec![{d}E_{n}::A as u8 as usize, {d}E_{n}::C as u8 as usize]\n}}\n"
            ),
            Kind::DynTrait => format!(
                "pub struct WI_i{id}(pub u64);\nimpl {d}W_{n} for WI_i{id} {{\n    fn m(&self) -> String {{\n        format!(\"m{{}}\", self.0)\n    \
                 }}\n}}\nthread_local! {{\n    pub static WO_i{id}: std::cell::RefCell<Vec<Box<dyn {d}W_{n}>>> = const {{ \
                 std::cell::RefCell::new(Vec::new()) }};\n}}\n"
            ),
            Kind::Once => format!(
                "pub static ONCE_i{id}: std::sync::OnceLock<u64> = std::sync::OnceLock::new();\n"
            ),
            Kind::Erased => format!(
                "pub fn v_i{id}(p: usize) -> String {{\n    let z = unsafe {{ &*(p as *const {d}Z_{n}) }};\n    \
                 format!(\"{} {{}} {{}}\", z.x, z.y)\n}}\npub fn w_i{id}() -> usize {{\n    \
                 Box::into_raw(Box::new({d}Z_{n} {{ x: {id}, y: 5 }})) as usize\n}}\n",
                item.k
            ),
            _ => String::new(),
        }
    }

    /// The expression for a constant.
    fn constant(&self) -> String {
        if self.item.style == 2 {
            format!("{}CT_{}::V", self.d, self.n)
        } else {
            format!("{}C_{}", self.d, self.n)
        }
    }

    fn state_via(&self) -> String {
        let Self { id, item, n, d, .. } = self;
        let (make, k) = (item.ty.make(*id), item.k);
        let push = format!(
            "l.push({make});\n    format!(\"{k} n={{}} {{:?}} {{}}\", l.len(), l[0], l.iter().all(|x| *x == l[0]))"
        );
        let body = match item.style {
            0 => format!("let mut l = {d}M_{n}.lock().unwrap();\n    {push}"),
            1 => format!("let mut l = {d}m_{n}().lock().unwrap();\n    {push}"),
            2 | 3 | 5 => format!("<{d}P_{n} as rt::Store>::hit()"),
            4 => format!(
                "{d}N_{n}.with(|l| {{\n    let mut l = l.borrow_mut();\n    {push}\n    }})"
            ),
            _ => format!(
                "let x = {d}A_{n}.fetch_add(1, std::sync::atomic::Ordering::SeqCst);\n    format!(\"{k} {{x}}\")"
            ),
        };
        format!("pub fn v_i{id}() -> String {{\n    {body}\n}}\n")
    }

    /// The body of the function that is called at each tick.
    fn probe(&self) -> String {
        let Self {
            id, item, n, d, v, ..
        } = self;
        let line = |value: String| format!("    o.line(\"i{id}\", {value});\n");
        match item.kind {
            Kind::Fn => {
                let arguments = if item.order == 1 { "0u64, 2" } else { "0u64" };
                line(format!(
                    "format!(\"{{}} {{}}\", {d}f_{n}({arguments}), {v}v_i{id}(1))"
                ))
            }
            Kind::Const => line(format!(
                "format!(\"{{}} {{}}\", {}, {v}v_i{id}())",
                self.constant()
            )),
            Kind::Imm => {
                let field = match item.style {
                    0 | 1 => "",
                    2 => ".n",
                    _ => ".max",
                };
                let address = format!("&{d}S_{n} as *const _ as usize");
                format!(
                    "    let same = o.same(\"i{id}\", {address});\n{}",
                    line(format!(
                        "format!(\"{{}} {{}} {{}} {{same}}\", {d}S_{n}{field}, {v}TAB_i{id}[0]{field}, \
                         std::ptr::eq(&{d}S_{n}, {v}TAB_i{id}[0]))"
                    ))
                )
            }
            Kind::FnTable => line(format!(
                "{v}TAB_i{id}.iter().map(|(k, f)| format!(\"{{k}}{{}}\", f())).collect::<Vec<_>>().join(\" \")"
            )),
            Kind::Macro => line(format!("format!(\"{{}}\", {d}mac_{n}!(1))")),
            Kind::Generic => line(format!(
                "format!(\"{{}} {{}}\", {d}G_{n} {{ v: \"s\" }}.show(), {v}v_i{id}())"
            )),
            Kind::Loc => line(format!("format!(\"{{}}\", {v}v_i{id}())")),
            Kind::Drop => format!(
                "    {{\n        let d = {d}D_{n}(1);\n        let e = Box::new({d}D_{n}(2));\n    }}\n{}",
                line("rt::take_log()".to_owned())
            ),
            Kind::State => line(format!("{v}v_i{id}()")),
            Kind::Block => format!(
                "    if o.first(\"i{id}\") {{\n        o.keep_obj(\"i{id}\", <{d}P_{n} as rt::Mk>::mk());\n    }}\n"
            ),
            Kind::Named => format!(
                "    if o.first(\"i{id}\") {{\n        o.keep_obj(\"i{id}\", Box::new({d}new_{n}()));\n    }}\n"
            ),
            Kind::EnumNum => format!(
                "    if o.first(\"i{id}\") {{\n        o.keep_nums(\"i{id}\", {v}w_i{id}());\n    }}\n    \
                 let kept: String = o.nums(\"i{id}\").into_iter().map({v}v_i{id}).collect();\n{}",
                line(format!("format!(\"{} {{kept}}\")", item.k))
            ),
            Kind::EnumVal => format!(
                "    if o.first(\"i{id}\") {{\n        o.keep_obj(\"i{id}.a\", Box::new({d}V_{n}::A({id})));\n        \
                 o.keep_obj(\"i{id}.b\", Box::new({d}V_{n}::B({id})));\n    }}\n"
            ),
            Kind::Closures | Kind::LocalFns | Kind::LocalTypes | Kind::LocalStatics => {
                format!("    {d}sub_{n}(o);\n")
            }
            Kind::FnPtr => format!(
                "    if o.first(\"i{id}\") {{\n        o.keep_fn(\"i{id}\", {d}q_{n});\n    }}\n"
            ),
            Kind::DynTrait => format!(
                "    if o.first(\"i{id}\") {{\n        {v}WO_i{id}.with(|w| w.borrow_mut().push(Box::new({v}WI_i{id}({id}))));\n    }}\n{}",
                line(format!(
                    "{v}WO_i{id}.with(|w| w.borrow().iter().map(|w| format!(\"{{}} {{}}\", w.m(), w.n())).collect::<String>())"
                ))
            ),
            Kind::Async => format!(
                "    if o.first(\"i{id}\") {{\n        o.keep_fut(\"i{id}\", Box::pin({d}y_{n}()));\n    }}\n"
            ),
            Kind::TlConst => line(format!(
                "format!(\"{{}}\", std::thread::spawn(|| {d}L_{n}.with(|l| l.get())).join().unwrap())"
            )),
            Kind::Once => line(format!(
                "format!(\"{{}}\", {v}ONCE_i{id}.get_or_init({d}load_{n}))"
            )),
            Kind::Erased => format!(
                "    if o.first(\"i{id}\") {{\n        o.keep_nums(\"i{id}\", vec![{v}w_i{id}()]);\n    }}\n    let p = o.nums(\"i{id}\")[0];\n{}",
                line(format!("{v}v_i{id}(p)"))
            ),
            Kind::Asm => line(format!("format!(\"{{}}\", unsafe {{ {d}asm_{n}_{id}() }})")),
            Kind::Frame => String::new(),
        }
    }
}
