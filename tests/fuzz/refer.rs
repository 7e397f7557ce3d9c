//! The text of what refers to an item, and of the function that is called at each tick.

use crate::define::At;
use crate::model::Kind;

impl At<'_> {
    /// What refers to the definition.
    pub(crate) fn via(&self) -> String {
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
            Kind::FnTable => self.table(),
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
            Kind::DynTrait => self.objects(),
            Kind::Fields
            | Kind::Lazy
            | Kind::Any
            | Kind::Thread
            | Kind::Instance
            | Kind::Handler => self.via_more(),
            Kind::Once => format!(
                "pub static ONCE_i{id}: std::sync::OnceLock<u64> = std::sync::OnceLock::new();\n"
            ),
            Kind::Erased => self.erased_use(),
            Kind::Macro | Kind::Method | Kind::Derive | Kind::Catch | Kind::Sized => {
                self.further_via()
            }
            _ => String::new(),
        }
    }

    fn objects(&self) -> String {
        let Self { id, item, n, d, .. } = self;
        let own = if item.order & 2 == 0 {
            String::new()
        } else {
            format!(
                "    fn n(&self) -> String {{\n        format!(\"n {}\")\n    }}\n",
                item.k
            )
        };
        format!(
            "pub struct WI_i{id}(pub u64);\nimpl {d}W_{n} for WI_i{id} {{\n    fn m(&self) -> String {{\n        format!(\"m{{}}\", self.0)\n    \
             }}\n{own}}}\nthread_local! {{\n    pub static WO_i{id}: std::cell::RefCell<Vec<Box<dyn {d}W_{n}>>> = const {{ \
             std::cell::RefCell::new(Vec::new()) }};\n}}\n"
        )
    }

    fn via_more(&self) -> String {
        let Self { id, item, n, d, .. } = self;
        let k = item.k;
        match item.kind {
            Kind::Fields => format!(
                "pub static RS_i{id}: std::sync::Mutex<Vec<{d}R_{n}>> = std::sync::Mutex::new(Vec::new());\npub fn v_i{id}() -> String {{\n    \
                 let mut l = RS_i{id}.lock().unwrap();\n    l.push({d}R_{n} {{ x: {id}, y: 5 }});\n    \
                 format!(\"{k} n={{}} {{}} {{}}\", l.len(), l[0].x, l.iter().all(|r| r.x == {id} && r.y == 5))\n}}\n"
            ),
            Kind::Lazy => format!(
                "pub fn v_i{id}() -> String {{\n    let mut l = {d}Y_{n}.lock().unwrap();\n    l.push(String::new());\n    \
                 format!(\"{k} n={{}} {{}}\", l.len(), l[0])\n}}\n"
            ),
            Kind::Any => format!(
                "pub fn v_i{id}(a: &dyn std::any::Any) -> String {{\n    match a.downcast_ref::<{d}Q_{n}>() {{\n        \
                 Some(q) => format!(\"{k} {{}}\", q.x),\n        None => format!(\"{k} none\"),\n    }}\n}}\n"
            ),
            Kind::Thread => format!(
                "pub fn v_i{id}(asked: std::sync::mpsc::Receiver<std::sync::mpsc::Sender<String>>) {{\n    let mut n = 0;\n    \
                 for answer in asked {{\n        n += 1;\n        let _ = answer.send({d}th_{n}(n));\n    }}\n}}\n"
            ),
            Kind::Instance => format!(
                "pub fn w_i{id}(x: u64) -> u64 {{\n    x * 2\n}}\npub fn v_i{id}() -> u64 {{\n    \
                 {d}g_{n}::<{k}>() + {d}ap_{n}(w_i{id}) + {d}ap_{n}(|x| x + {k})\n}}\n"
            ),
            _ => format!("pub fn w_i{id}(x: u64) -> String {{\n    format!(\"w{{x}} {k}\")\n}}\n"),
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
            4 | 7 => format!(
                "{d}N_{n}.with(|l| {{\n    let mut l = l.borrow_mut();\n    {push}\n    }})"
            ),
            _ => format!(
                "let x = {d}A_{n}.fetch_add(1, std::sync::atomic::Ordering::SeqCst);\n    format!(\"{k} {{x}}\")"
            ),
        };
        format!("pub fn v_i{id}() -> String {{\n    {body}\n}}\n")
    }

    /// The body of the function that is called at each tick.
    pub(crate) fn probe(&self) -> String {
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
            Kind::FnTable => line(self.looked_up()),
            Kind::Method | Kind::Derive | Kind::Catch | Kind::Sized => line(self.further_probe()),
            Kind::Macro if item.style == 1 => line(format!(
                "format!(\"{{}} {{}}\", {v}ma_i{id}(), {v}mb_i{id}())"
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
            Kind::Fields | Kind::Lazy | Kind::Instance => line(format!("{v}v_i{id}().to_string()")),
            Kind::TlConst => line(format!(
                "format!(\"{{}}\", std::thread::spawn(|| {d}L_{n}.with(|l| l.get())).join().unwrap())"
            )),
            Kind::Once => line(format!(
                "format!(\"{{}}\", {v}ONCE_i{id}.get_or_init({d}load_{n}))"
            )),
            Kind::Asm => line(format!("format!(\"{{}}\", unsafe {{ {d}asm_{n}_{id}() }})")),
            Kind::Frame => String::new(),
            _ => self.probe_kept(),
        }
    }

    /// The same, of kinds that make something at the first tick and keep it.
    fn probe_kept(&self) -> String {
        let Self {
            id, item, n, d, v, ..
        } = self;
        let line = |value: String| format!("    o.line(\"i{id}\", {value});\n");
        match item.kind {
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
            Kind::Erased => format!(
                "    if o.first(\"i{id}\") {{\n        o.keep_nums(\"i{id}\", vec![{v}w_i{id}()]);\n    }}\n    let p = o.nums(\"i{id}\")[0];\n{}",
                line(format!("{v}v_i{id}(p)"))
            ),
            Kind::Any => format!(
                "    if o.first(\"i{id}\") {{\n        o.keep_any(\"i{id}\", {d}any_{n}());\n    }}\n    let text = {v}v_i{id}(o.any(\"i{id}\"));\n{}",
                line("text".to_owned())
            ),
            Kind::Thread => format!(
                "    if o.first(\"i{id}\") {{\n        let (ask, asked) = std::sync::mpsc::channel();\n        \
                 std::thread::spawn(move || {v}v_i{id}(asked));\n        o.keep_thread(\"i{id}\", ask);\n    }}\n"
            ),
            Kind::Handler => format!(
                "    if o.first(\"i{id}\") {{\n        o.keep_obj(\"i{id}.f\", Box::new({d}H_{n}({v}w_i{id})));\n        let t = {};\n        \
                 o.keep_obj(\"i{id}.c\", Box::new({d}H_{n}(move |x: u64| format!(\"c{{x}} {{t:?}} {}\"))));\n    }}\n",
                item.ty.make(*id),
                item.k
            ),
            _ => String::new(),
        }
    }
}
