//! The texts of further kinds and styles, and what they print.

use crate::define::At;
use crate::model::{Item, Kind};

impl At<'_> {
    /// Functions whose result or place in the text is out of the ordinary.
    pub(crate) fn unusual_function(&self, more: &str, plus: &str) -> String {
        let (n, k) = (self.n, self.item.k);
        match self.item.style {
            // The path that others use is a reexport.
            9 => format!(
                "pub mod inner_{n} {{\n    pub fn f_{n}(x: u64{more}) -> u64 {{\n        super::helped_{n}(x) + {k}{plus}\n    }}\n}}\n\
                 fn helped_{n}(x: u64) -> u64 {{\n    x\n}}\npub use inner_{n}::f_{n};\n"
            ),
            10 => format!(
                "pub fn it_{n}(x: u64) -> impl Iterator<Item = u64> {{\n    (0..=x).map(move |i| i + {k})\n}}\n\
                 pub fn f_{n}(x: u64{more}) -> u64 {{\n    it_{n}(x).last().unwrap(){plus}\n}}\n"
            ),
            11 => format!(
                "pub fn mk_{n}() -> impl Fn(u64) -> u64 {{\n    |x| x + {k}\n}}\n\
                 pub fn f_{n}(x: u64{more}) -> u64 {{\n    mk_{n}()(x){plus}\n}}\n"
            ),
            _ => format!(
                "pub fn f_{n}(x: u64{more}) -> u64 {{\n    if x > 3 {{\n        return f_{n}(x - 3{}) + 3;\n    }}\n    x + {k}{plus}\n}}\n",
                if more.is_empty() { "" } else { ", y" }
            ),
        }
    }

    pub(crate) fn table_entries(&self) -> String {
        let (n, k) = (self.n, self.item.k);
        match self.item.style {
            1 => format!(
                "pub struct FT_{n};\nimpl rt::Obj for FT_{n} {{\n    fn show(&self) -> String {{\n        format!(\"{k}\")\n    }}\n}}\n"
            ),
            2 => format!("pub const FC_{n}: u64 = {k};\n"),
            3 => format!(
                "pub static ST_{n}: rt::Cfg = rt::Cfg {{ name: \"{k}\", n: {k} }};\npub static MT_{n}: &rt::Cfg = &ST_{n};\n"
            ),
            _ => format!(
                "pub fn fa_{n}() -> u64 {{\n    {k}\n}}\npub fn fb_{n}() -> u64 {{\n    {}\n}}\n",
                k + 1
            ),
        }
    }

    pub(crate) fn table(&self) -> String {
        let Self { id, item, n, d, .. } = self;
        match item.style {
            1 => format!("pub static TAB_i{id}: [&(dyn rt::Obj + Sync); 1] = [&{d}FT_{n}];\n"),
            2 => format!("pub fn tab_i{id}() -> &'static [u64; 2] {{\n    &[{d}FC_{n}, 7]\n}}\n"),
            3 => format!(
                "pub struct Row_i{id} {{\n    pub cfg: &'static &'static rt::Cfg,\n}}\n\
                 pub static TAB_i{id}: [Row_i{id}; 1] = [Row_i{id} {{ cfg: &{d}MT_{n} }}];\n"
            ),
            _ => {
                let mut entries = [format!("(\"a\", {d}fa_{n})"), format!("(\"b\", {d}fb_{n})")];
                if item.order == 1 {
                    entries.reverse();
                }
                format!(
                    "pub static TAB_i{id}: [(&str, fn() -> u64); 2] = [{}];\n",
                    entries.join(", ")
                )
            }
        }
    }

    /// An expression for what a table leads to.
    pub(crate) fn looked_up(&self) -> String {
        let Self { id, item, v, .. } = self;
        match item.style {
            1 => format!("{v}TAB_i{id}[0].show()"),
            2 => format!("format!(\"{{:?}}\", {v}tab_i{id}())"),
            3 => format!("format!(\"{{}} {{}}\", {v}TAB_i{id}[0].cfg.name, {v}TAB_i{id}[0].cfg.n)"),
            _ => format!(
                "{v}TAB_i{id}.iter().map(|(k, f)| format!(\"{{k}}{{}}\", f())).collect::<Vec<_>>().join(\" \")"
            ),
        }
    }

    pub(crate) fn macro_text(&self) -> String {
        let (n, k) = (self.n, self.item.k);
        let text = if self.item.style == 1 {
            format!(
                "($f:ident) => {{ pub fn $f() -> u64 {{ [1u64].iter().map(|x| x + {k}).sum() }} }};"
            )
        } else {
            format!("($x:expr) => {{ $x + {k} }};")
        };
        format!("macro_rules! mac_{n} {{\n    {text}\n}}\npub(crate) use mac_{n};\n")
    }

    /// Memory that is taken for something by a cast.
    pub(crate) fn erased(&self) -> String {
        let (n, k, order) = (self.n, self.item.k, self.item.order);
        let structs = format!(
            "pub struct Z_{n}_a {{\n    pub x: u64,\n    pub y: u64,\n}}\npub struct Z_{n}_b {{\n    pub y: u64,\n    pub x: u64,\n}}\n"
        );
        match self.item.style {
            0 => format!("{structs}pub type Z_{n} = Z_{n}_{};\n", self.of_two()),
            1 => format!(
                "{structs}pub fn view_{n}<T>(p: usize) -> &'static T {{\n    unsafe {{ &*(p as *const T) }}\n}}\n"
            ),
            2 if order == 1 => format!(
                "pub type F_{n} = fn(u64, &str) -> u64;\npub fn fp_{n}(x: u64, s: &str) -> u64 {{\n    x + {k} + s.len() as u64\n}}\n"
            ),
            2 => format!(
                "pub type F_{n} = fn(u64) -> u64;\npub fn fp_{n}(x: u64) -> u64 {{\n    x + {k}\n}}\n"
            ),
            _ => format!("pub const LEN_{n}: usize = {};\n", 2 + usize::from(order)),
        }
    }

    pub(crate) fn erased_use(&self) -> String {
        let Self { id, item, n, d, .. } = self;
        let k = item.k;
        let boxed = |ty: &str| {
            format!(
                "pub fn w_i{id}() -> usize {{\n    Box::into_raw(Box::new({d}{ty} {{ x: {id}, y: 5 }})) as usize\n}}\n"
            )
        };
        match item.style {
            0 => format!(
                "pub fn v_i{id}(p: usize) -> String {{\n    let z = unsafe {{ &*(p as *const {d}Z_{n}) }};\n    \
                 format!(\"{k} {{}} {{}}\", z.x, z.y)\n}}\n{}",
                boxed(&format!("Z_{n}"))
            ),
            1 => {
                let ty = format!("Z_{n}_{}", self.of_two());
                format!(
                    "pub fn v_i{id}(p: usize) -> String {{\n    let z = {d}view_{n}::<{d}{ty}>(p);\n    \
                     format!(\"{k} {{}} {{}}\", z.x, z.y)\n}}\n{}",
                    boxed(&ty)
                )
            }
            2 => format!(
                "pub fn v_i{id}(p: usize) -> String {{\n    let f: {d}F_{n} = unsafe {{ std::mem::transmute(p) }};\n    \
                 format!(\"{{}}\", f(1{}))\n}}\npub fn w_i{id}() -> usize {{\n    {d}fp_{n} as {d}F_{n} as usize\n}}\n",
                if item.order == 1 { ", \"ab\"" } else { "" }
            ),
            _ => format!(
                "pub fn v_i{id}(p: usize) -> String {{\n    let z = unsafe {{ &*(p as *const [u64; {d}LEN_{n}]) }};\n    \
                 format!(\"{k} {{z:?}}\")\n}}\npub fn w_i{id}() -> usize {{\n    \
                 Box::into_raw(Box::new([{id}u64; {d}LEN_{n}])) as usize\n}}\n"
            ),
        }
    }

    /// Which of two types of other orders is meant.
    fn of_two(&self) -> char {
        if self.item.order == 0 { 'a' } else { 'b' }
    }

    /// The definitions of kinds that are only here.
    pub(crate) fn further(&self) -> String {
        let Self { item, n, .. } = self;
        let (k, order) = (item.k, item.order);
        match item.kind {
            Kind::Method => format!("pub struct ME_{n} {{\n    pub x: u64,\n}}\n"),
            Kind::Derive => {
                let fields = match order {
                    0 => "    pub x: u64,\n    pub y: u32,\n",
                    1 => "    pub y: u32,\n    pub x: u64,\n",
                    _ => "    pub x: u64,\n    pub s: String,\n    pub y: u32,\n",
                };
                format!(
                    "#[derive(Debug, Clone, Default, PartialEq, PartialOrd)]\npub struct DE_{n} {{\n{fields}}}\n\
                     pub fn de_{n}() -> DE_{n} {{\n    DE_{n} {{ x: {k}, ..DE_{n}::default() }}\n}}\n"
                )
            }
            Kind::Catch => format!(
                "pub fn un_{n}(x: u64) -> u64 {{\n    struct Held(u64);\n    impl Drop for Held {{\n        fn drop(&mut self) {{\n            \
                 rt::log(format!(\"un {k} {{}}\", self.0));\n        }}\n    }}\n    let held = Held(x);\n    if x == 1 {{\n        \
                 std::panic::resume_unwind(Box::new({k}u64));\n    }}\n    held.0\n}}\n"
            ),
            _ => format!("pub const N_{n}: usize = {};\n", 2 + usize::from(order)),
        }
    }

    pub(crate) fn further_via(&self) -> String {
        let Self { id, item, n, d, .. } = self;
        let k = item.k;
        match item.kind {
            Kind::Macro if item.style == 1 => {
                format!("{d}mac_{n}!(ma_i{id});\n{d}mac_{n}!(mb_i{id});\n")
            }
            Kind::Method if item.style == 0 => format!(
                "impl {d}ME_{n} {{\n    pub fn m_i{id}(&self) -> u64 {{\n        let f = |y: u64| y + {k};\n        f(self.x)\n    }}\n}}\n"
            ),
            Kind::Method => format!(
                "impl rt::Obj for {d}ME_{n} {{\n    fn show(&self) -> String {{\n        \
                 [{k}u64].iter().map(|y| (y + self.x).to_string()).collect()\n    }}\n}}\n"
            ),
            Kind::Derive => format!(
                "pub fn v_i{id}() -> String {{\n    let one = {d}de_{n}();\n    format!(\"{{one:?}} {{}}\", one.clone() == one)\n}}\n"
            ),
            Kind::Catch => format!(
                "pub fn v_i{id}() -> u64 {{\n    match std::panic::catch_unwind(|| {d}un_{n}(1)) {{\n        Ok(x) => x,\n        \
                 Err(e) => *e.downcast::<u64>().unwrap(),\n    }}\n}}\n"
            ),
            Kind::Sized => format!(
                "pub static SI_i{id}: std::sync::Mutex<[u32; {d}N_{n}]> = std::sync::Mutex::new([{id}; {d}N_{n}]);\n\
                 pub fn v_i{id}() -> String {{\n    let mut l = SI_i{id}.lock().unwrap();\n    l[0] += 1;\n    format!(\"{k} {{l:?}}\")\n}}\n"
            ),
            _ => String::new(),
        }
    }

    /// Expressions for what a tick prints of these.
    pub(crate) fn further_probe(&self) -> String {
        let Self {
            id, item, n, d, v, ..
        } = self;
        match item.kind {
            Kind::Method if item.style == 0 => {
                format!("{d}ME_{n} {{ x: 2 }}.m_i{id}().to_string()")
            }
            Kind::Method => {
                format!("rt::Obj::show(&{d}ME_{n} {{ x: 2 }})")
            }
            Kind::Catch => format!("format!(\"{{}} {{}}\", {v}v_i{id}(), rt::take_log())"),
            _ => format!("{v}v_i{id}()"),
        }
    }
}

/// What a tick prints of an item of these without state.
pub(crate) fn printed(n: char, id: u32, item: &Item) -> String {
    let k = item.k;
    match (item.kind, item.style) {
        (Kind::FnTable, 1) => k.to_string(),
        (Kind::FnTable, 2) => format!("[{k}, 7]"),
        (Kind::FnTable, 3) => format!("{k} {k}"),
        (Kind::FnTable, _) if item.order == 0 => format!("a{k} b{}", k + 1),
        (Kind::FnTable, _) => format!("b{} a{k}", k + 1),
        (Kind::Macro, 1) => format!("{} {}", k + 1, k + 1),
        (Kind::Macro, _) => (k + 1).to_string(),
        (Kind::Method, _) => (k + 2).to_string(),
        (Kind::Derive, _) => {
            let fields = match item.order {
                0 => format!("x: {k}, y: 0"),
                1 => format!("y: 0, x: {k}"),
                _ => format!("x: {k}, s: \"\", y: 0"),
            };
            format!("DE_{n} {{ {fields} }} true")
        }
        (Kind::Catch, _) => format!("{k} un {k} 1"),
        (Kind::Erased, 2) => (k + 1 + 2 * u32::from(item.order)).to_string(),
        (Kind::Erased, 3) => format!("{k} {:?}", vec![id; 2 + usize::from(item.order)]),
        (Kind::Erased, _) => format!("{k} {id} 5"),
        _ => k.to_string(),
    }
}
