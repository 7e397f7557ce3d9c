//! The text of an item's definition.

use crate::model::{Item, Kind};

/// An item, as it is seen from the module in which a piece of it stands.
pub(crate) struct At<'a> {
    pub(crate) id: u32,
    pub(crate) item: &'a Item,
    /// Its letter.
    pub(crate) n: char,
    /// The path of its definition's module.
    pub(crate) d: String,
    /// The path of the module of what refers to it.
    pub(crate) v: String,
    /// The crate with the macros.
    pub(crate) rt: &'static str,
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
    /// What stands where the item is defined.
    pub(crate) fn def(&self) -> String {
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
            Kind::FnTable => self.table_entries(),
            Kind::Macro => self.macro_text(),
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
            Kind::EnumNum | Kind::EnumVal => self.enumeration(),
            Kind::Closures | Kind::LocalFns | Kind::LocalTypes | Kind::LocalStatics => {
                self.blocks_of_function()
            }
            Kind::FnPtr => format!("pub fn q_{n}() -> String {{\n    format!(\"{k}\")\n}}\n"),
            Kind::DynTrait => self.dyn_trait(),
            Kind::Async => self.future(),
            Kind::Fields
            | Kind::Lazy
            | Kind::Any
            | Kind::Thread
            | Kind::Instance
            | Kind::Handler => self.more(),
            Kind::TlConst => format!(
                "thread_local! {{\n    pub static L_{n}: std::cell::Cell<u64> = const {{ std::cell::Cell::new({k}) }};\n}}\n"
            ),
            Kind::Once => format!("pub fn load_{n}() -> u64 {{\n    {k}\n}}\n"),
            Kind::Erased => self.erased(),
            Kind::Method | Kind::Derive | Kind::Catch | Kind::Sized => self.further(),
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

    fn enumeration(&self) -> String {
        let Self { item, n, .. } = self;
        let k = item.k;
        let [a, b, c] = VARIANTS[usize::from(item.order % 6)];
        if item.kind == Kind::EnumVal {
            let (more, arm) = if item.order >= 6 {
                ("    D(String),\n", "            Self::D(x) => x.clone(),\n")
            } else {
                ("", "")
            };
            return format!(
                "pub enum V_{n} {{\n    {a}(u64),\n    {b}(u64),\n    {c}(u64),\n{more}}}\nimpl rt::Obj for V_{n} {{\n    fn show(&self) -> String {{\n        \
                     match self {{\n            Self::A(x) => format!(\"{k} A{{x}}\"),\n            Self::B(x) => format!(\"{k} B{{x}}\"),\n            \
                     Self::C(x) => format!(\"{k} C{{x}}\"),\n{arm}        }}\n    }}\n}}\n"
            );
        }
        if item.style == 0 {
            format!("#[derive(Clone, Copy)]\npub enum E_{n} {{\n    {a},\n    {b},\n    {c},\n}}\n")
        } else {
            format!("{}::numbered!(E_{n}, {a}, {b}, {c});\n", self.rt)
        }
    }

    fn dyn_trait(&self) -> String {
        let (n, k) = (self.n, self.item.k);
        let mut methods = [
            "    fn m(&self) -> String;\n".to_owned(),
            format!("    fn n(&self) -> String {{\n        format!(\"n {k}\")\n    }}\n"),
        ];
        if self.item.order & 1 == 1 {
            methods.reverse();
        }
        format!("pub trait W_{n} {{\n{}}}\n", methods.concat())
    }

    fn future(&self) -> String {
        let Self { id, item, n, .. } = self;
        let k = item.k;
        if item.style == 2 {
            return format!(
                "async fn step_{n}(n: u64) {{\n    rt::log(format!(\"{k} n={{n}}\"));\n    rt::pause().await;\n}}\n\
                 pub async fn y_{n}() {{\n    let mut n = 0u64;\n    loop {{\n        n += 1;\n        step_{n}(n).await;\n    }}\n}}\n"
            );
        }
        let (kept, shown) = if item.style == 1 {
            (format!("    let t = {};\n", item.ty.make(*id)), " {t:?}")
        } else {
            (String::new(), "")
        };
        format!(
            "pub async fn y_{n}() {{\n    let mut n = 0u64;\n{kept}    loop {{\n        n += 1;\n        \
             rt::log(format!(\"{k} n={{n}}{shown}\"));\n        rt::pause().await;\n    }}\n}}\n"
        )
    }

    fn more(&self) -> String {
        let Self { id, item, n, .. } = self;
        let k = item.k;
        let order = item.order;
        match item.kind {
            Kind::Fields => {
                let mut fields = ["    pub x: u64,\n", "    pub y: u64,\n"];
                if order == 1 {
                    fields.reverse();
                }
                format!("pub struct R_{n} {{\n{}}}\n", fields.concat())
            }
            Kind::Lazy => format!(
                "pub static Y_{n}: std::sync::LazyLock<std::sync::Mutex<Vec<String>>> =\n    \
                 std::sync::LazyLock::new(|| std::sync::Mutex::new(vec![String::from(\"t{id}\")]));\n"
            ),
            Kind::Any => {
                let (more, value) = if order == 1 {
                    ("    pub y: u64,\n", ", y: 5")
                } else {
                    ("", "")
                };
                format!(
                    "pub struct Q_{n} {{\n    pub x: u64,\n{more}}}\npub fn any_{n}() -> Box<dyn std::any::Any> {{\n    \
                     Box::new(Q_{n} {{ x: {id}{value} }})\n}}\n"
                )
            }
            Kind::Thread => {
                format!("pub fn th_{n}(n: u64) -> String {{\n    format!(\"{k} n={{n}}\")\n}}\n")
            }
            Kind::Instance => format!(
                "pub fn g_{n}<const N: usize>() -> u64 {{\n    N as u64 + {k}\n}}\npub fn ap_{n}<F: Fn(u64) -> u64>(f: F) -> u64 {{\n    \
                 f(1) + {k}\n}}\n"
            ),
            _ => format!(
                "pub struct H_{n}<F>(pub F);\nimpl<F: Fn(u64) -> String> rt::Obj for H_{n}<F> {{\n    fn show(&self) -> String {{\n        \
                 format!(\"{{}}/{k}\", (self.0)(7))\n    }}\n}}\n"
            ),
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
            9.. => self.unusual_function(more, plus),
            _ => format!(
                "{head} {{\n    let s = \"{k}\";\n    s.parse::<u64>().unwrap() + x{plus}\n}}\n"
            ),
        }
    }

    /// Type and value of an immutable static.
    pub(crate) fn immutable(&self) -> (String, String) {
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
            7 => format!(
                "thread_local! {{\n    pub static N_{n}: std::cell::RefCell<Vec<{ty}>> = std::cell::RefCell::new(Vec::new());\n}}\n"
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
}
