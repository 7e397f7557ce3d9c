//! The probe: a program that prints how the types of a module lie in memory.

use std::fmt::Write as _;

use super::model::{Body, Ty};
use super::text::{Instance, Module, plain};

impl Module<'_> {
    /// The module with a function `probe` that prints how every type lies in memory.
    pub(super) fn probed(&self) -> String {
        let mut text = format!(
            "pub mod m{} {{\n{}pub fn probe() {{\n",
            self.number,
            self.types()
        );
        for (name, (ty, instance)) in self.instances() {
            self.probe(&name, &ty, &instance, &mut text);
        }
        text.push_str("}\n}\n");
        text
    }

    fn probe(&self, name: &str, ty: &Ty, instance: &Instance, text: &mut String) {
        let number = self.number;
        let _ = writeln!(
            text,
            "{{ type I = {name};\n\
             crate::number({number}, {name:?}, \"size\", size_of::<I>() as i64);\n\
             crate::number({number}, {name:?}, \"align\", align_of::<I>() as i64);"
        );
        match instance {
            Instance::Fields(fields) => {
                for (field, _) in fields {
                    let _ = writeln!(
                        text,
                        "crate::number({number}, {name:?}, \".{field}\", core::mem::offset_of!(I, {field}) as i64);"
                    );
                }
            }
            Instance::Variants(variants) => {
                let prefix = if matches!(ty, Ty::Option(_)) {
                    ""
                } else {
                    "I::"
                };
                let patterns: Vec<String> = variants
                    .iter()
                    .map(|(variant, _)| format!("matches!(value, {prefix}{variant} {{ .. }})"))
                    .collect();
                let _ = writeln!(
                    text,
                    "let told_apart = |value: &I| vec![{}];",
                    patterns.join(", ")
                );
                for (variant, fields) in variants {
                    let value = self.variant(ty, variant, fields);
                    let _ = writeln!(
                        text,
                        "{{ static V: crate::Shared<I> = crate::Shared(core::mem::MaybeUninit::new({value}));\n\
                         crate::bytes({number}, {name:?}, {variant:?}, &V, &told_apart);"
                    );
                    for (field, _) in fields {
                        let _ = writeln!(
                            text,
                            "if let {prefix}{variant} {{ {field}: field, .. }} = unsafe {{ V.0.assume_init_ref() }} {{ \
                             crate::number({number}, {name:?}, \"{variant}.{field}\", crate::distance(&V, field)); }}"
                        );
                    }
                    text.push_str("}\n");
                }
            }
        }
        text.push_str("}\n");
    }

    fn variant(&self, ty: &Ty, variant: &str, fields: &[(String, Ty)]) -> String {
        let path = match ty {
            Ty::Option(_) => variant.to_owned(),
            _ => format!("{}::{variant}", self.path(ty)),
        };
        format!("{path} {{ {} }}", self.values(fields, false))
    }

    fn values(&self, fields: &[(String, Ty)], union: bool) -> String {
        let parts: Vec<String> = fields
            .iter()
            .take(if union { 1 } else { usize::MAX })
            .map(|(name, ty)| {
                let value = if name == "mark" || *ty == Ty::Plain(12) {
                    // Either a unit or the marker: both are the default of what stands there.
                    "crate::Nothing::NOTHING".to_owned()
                } else {
                    self.value(ty)
                };
                if union {
                    format!("{name}: core::mem::ManuallyDrop::new({value})")
                } else {
                    format!("{name}: {value}")
                }
            })
            .collect();
        parts.join(", ")
    }

    /// The name of a defined type, with its arguments, as an expression has it.
    fn path(&self, ty: &Ty) -> String {
        let text = self.ty(ty, 0);
        match text.split_once('<') {
            Some((name, arguments)) => format!("{name}::<{arguments}"),
            None => text,
        }
    }

    /// A value of a concrete type, as a constant. Nobody follows its pointers.
    fn value(&self, ty: &Ty) -> String {
        let text = self.ty(ty, 0);
        match ty {
            Ty::Plain(number) => plain(*number).value.to_owned(),
            // Written out: a constant block would be checked, and its pointers found to lead nowhere.
            Ty::Array(inner, length) => {
                let values = vec![self.value(inner); usize::from(*length)];
                format!("[{}]", values.join(", "))
            }
            Ty::Pair(one, other) => format!("({}, {})", self.value(one), self.value(other)),
            Ty::Option(_) => "None".to_owned(),
            Ty::Vec(_) => "Vec::new()".to_owned(),
            Ty::Pointer(_) => format!("0x1000 as {text}"),
            Ty::Boxed(_) | Ty::Reference(_) | Ty::Function(_) => {
                format!("unsafe {{ core::mem::transmute::<usize, {text}>(0x1000) }}")
            }
            Ty::Defined(number, argument, length) => {
                let number = usize::from(*number);
                let body = &self.program.definitions[number].body;
                match self.instance(number, argument, *length) {
                    Instance::Fields(fields) => {
                        let union = matches!(body, Body::Union { .. });
                        format!("{} {{ {} }}", self.path(ty), self.values(&fields, union))
                    }
                    Instance::Variants(variants) => {
                        // The same one before and after, or the bytes around it could not be compared.
                        let first = match body {
                            Body::Enum { variants, .. } => (0..variants.len())
                                .min_by_key(|at| variants[*at].identity)
                                .unwrap_or(0),
                            _ => 0,
                        };
                        let (name, fields) = &variants[first];
                        self.variant(ty, name, fields)
                    }
                }
            }
            // `concrete` leaves none of the others.
            _ => "()".to_owned(),
        }
    }
}

/// What all probes share.
pub(super) const PROBE_SUPPORT: &str = r#"
pub struct Shared<T>(pub core::mem::MaybeUninit<T>);
// Nobody writes to it.
unsafe impl<T> Sync for Shared<T> {}
pub trait Nothing { const NOTHING: Self; }
impl Nothing for () { const NOTHING: Self = (); }
impl<T> Nothing for core::marker::PhantomData<T> { const NOTHING: Self = core::marker::PhantomData; }
pub fn number(module: usize, instance: &str, key: &str, value: i64) {
    println!("{module}\t{instance}\t{key}\t{value}");
}
pub fn bytes<T>(module: usize, instance: &str, key: &str, value: &'static Shared<T>, told_apart: &dyn Fn(&T) -> Vec<bool>) {
    let first = value as *const Shared<T> as *const u8;
    // What a value leaves undefined is zero in the image: so that it is not taken for a part of the tag, look which bytes
    // the program goes by when it tells the variants apart.
    let usual = told_apart(unsafe { value.0.assume_init_ref() });
    let bytes: Vec<String> = (0..size_of::<T>()).map(|at| {
        let byte = unsafe { first.add(at).read_volatile() };
        let counts = [0xff, 0x01, 0x80].iter().any(|flip| {
            let mut other = core::mem::MaybeUninit::<T>::uninit();
            let bytes = other.as_mut_ptr() as *mut u8;
            unsafe {
                core::ptr::copy_nonoverlapping(first, bytes, size_of::<T>());
                bytes.add(at).write_volatile(byte ^ flip);
                told_apart(&*other.as_ptr()) != usual
            }
        });
        format!("{byte:02x}{}", if counts { "!" } else { "" })
    }).collect();
    println!("{module}\t{instance}\t{key}\t{}", bytes.join(" "));
}
pub fn distance<T, F>(value: &'static Shared<T>, field: &F) -> i64 {
    field as *const F as i64 - value as *const Shared<T> as i64
}
"#;
