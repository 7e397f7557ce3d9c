//! Programs as source text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::model::{Body, Definition, Field, PLAIN, Plain, Program, Ty, Variant};

/// A program that has got a number, and so its names.
pub(super) struct Module<'p> {
    pub(super) program: &'p Program,
    pub(super) number: usize,
}

/// A type without parameters, and what it holds.
pub(super) enum Instance {
    /// A struct or union: name and type of each field.
    Fields(Vec<(String, Ty)>),
    /// An enum or `Option`: name and fields of each variant.
    Variants(Vec<(String, Vec<(String, Ty)>)>),
}

const STRUCT_REPRS: &[&str] = &[
    "",
    "C",
    "packed",
    "packed(2)",
    "align(4)",
    "align(16)",
    "C, packed",
    "C, align(8)",
    "transparent",
];
const UNION_REPRS: &[&str] = &["", "C", "align(8)", "C, align(16)"];
const ENUM_REPRS: &[&str] = &[
    "", "C", "u8", "i8", "u16", "i32", "u64", "C, u8", "align(8)",
];

pub(super) fn plain(number: u8) -> &'static Plain {
    &PLAIN[usize::from(number) % PLAIN.len()]
}

/// The `repr` of each definition.
pub(super) fn representations(program: &Program) -> Vec<&'static str> {
    let module = Module { program, number: 0 };
    let definitions = program.definitions.iter();
    definitions
        .map(|definition| module.representation(definition).0)
        .collect()
}

/// Looks through everything that a field's type is put together of.
fn is_plain(ty: &Ty) -> bool {
    match ty {
        Ty::Plain(number) => plain(*number).derivable && plain(*number).text != "String",
        Ty::Array(inner, _) => is_plain(inner),
        Ty::Pair(one, other) => is_plain(one) && is_plain(other),
        _ => false,
    }
}

impl Module<'_> {
    fn name(&self, position: usize) -> String {
        let letter = char::from(b'A' + u8::try_from(position % 26).unwrap_or(0));
        format!("M{}{letter}", self.number)
    }

    /// The types that functions take.
    fn shown(&self) -> Vec<Ty> {
        let count = self.program.definitions.len();
        (0..count)
            .filter(|position| position + 1 == count || self.program.definitions[*position].shown)
            .map(|position| {
                let number = u16::try_from(position).unwrap_or(0);
                self.concrete(&Ty::Defined(number, Box::new(Ty::Plain(1)), 2), 0, None)
            })
            .collect()
    }

    /// The type with all names looked up and all parameters replaced.
    fn concrete(&self, ty: &Ty, position: usize, arguments: Option<(&Ty, u8)>) -> Ty {
        let again = |ty: &Ty| Box::new(self.concrete(ty, position, arguments));
        match ty {
            Ty::Plain(number) => Ty::Plain(*number),
            Ty::Array(inner, length) => Ty::Array(again(inner), *length),
            Ty::ConstantArray(inner) => Ty::Array(again(inner), self.program.length),
            Ty::Pair(one, other) => Ty::Pair(again(one), again(other)),
            Ty::Option(inner) => Ty::Option(again(inner)),
            Ty::Boxed(inner) => Ty::Boxed(again(inner)),
            Ty::Vec(inner) => Ty::Vec(again(inner)),
            Ty::Reference(inner) => Ty::Reference(again(inner)),
            Ty::Pointer(inner) => Ty::Pointer(again(inner)),
            Ty::Function(inner) => Ty::Function(again(inner)),
            Ty::Defined(number, argument, length) => {
                if self.program.definitions[usize::from(*number)].generic {
                    Ty::Defined(*number, again(argument), *length)
                } else {
                    Ty::Defined(*number, Box::new(Ty::Plain(0)), 0)
                }
            }
            Ty::Alias => self.program.alias.clone(),
            Ty::Parameter => arguments.map_or(Ty::Plain(0), |(argument, _)| argument.clone()),
            Ty::ParameterArray => arguments.map_or(
                Ty::Array(Box::new(Ty::Plain(0)), 2),
                |(argument, length)| Ty::Array(Box::new(argument.clone()), length),
            ),
            Ty::List => {
                let (argument, length) =
                    arguments.map_or((Ty::Plain(0), 0), |(a, n)| (a.clone(), n));
                let own = u16::try_from(position).unwrap_or(0);
                Ty::Option(Box::new(Ty::Boxed(Box::new(Ty::Defined(
                    own,
                    Box::new(argument),
                    length,
                )))))
            }
        }
    }

    /// The text of a type, within the definition at `position` or, if it is concrete, anywhere.
    pub(super) fn ty(&self, ty: &Ty, position: usize) -> String {
        let again = |ty: &Ty| self.ty(ty, position);
        let generic = self.program.definitions[position].generic;
        match ty {
            Ty::Plain(number) => plain(*number).text.to_owned(),
            Ty::Array(inner, length) => format!("[{}; {length}]", again(inner)),
            Ty::ConstantArray(inner) => format!("[{}; LENGTH]", again(inner)),
            Ty::Pair(one, other) => format!("({}, {})", again(one), again(other)),
            Ty::Option(inner) => format!("Option<{}>", again(inner)),
            Ty::Boxed(inner) => format!("Box<{}>", again(inner)),
            Ty::Vec(inner) => format!("Vec<{}>", again(inner)),
            Ty::Reference(inner) => format!("&'static {}", again(inner)),
            Ty::Pointer(inner) => format!("*const {}", again(inner)),
            Ty::Function(inner) => format!("fn(&{}) -> u32", again(inner)),
            Ty::Defined(number, argument, length) => {
                let number = usize::from(*number);
                let arguments = if self.program.definitions[number].generic {
                    format!("<{}, {length}>", again(argument))
                } else {
                    String::new()
                };
                format!("{}{arguments}", self.name(number))
            }
            Ty::Alias => "Alias".to_owned(),
            Ty::Parameter if generic => "T".to_owned(),
            Ty::Parameter => "u8".to_owned(),
            Ty::ParameterArray if generic => "[T; N]".to_owned(),
            Ty::ParameterArray => "[u8; 2]".to_owned(),
            Ty::List => {
                let arguments = if generic { "<T, N>" } else { "" };
                format!("Option<Box<{}{arguments}>>", self.name(position))
            }
        }
    }

    /// Name and type of the fields as they are written, with the marker that makes use of a parameter.
    fn fields(&self, fields: &[Field], tuple: bool, marked: bool) -> Vec<(String, Ty)> {
        let mut list: Vec<(String, Ty)> = fields
            .iter()
            .enumerate()
            .map(|(at, field)| {
                let name = if tuple {
                    at.to_string()
                } else {
                    field.name.clone()
                };
                (name, field.ty.clone())
            })
            .collect();
        if marked {
            let name = if tuple {
                list.len().to_string()
            } else {
                "mark".to_owned()
            };
            list.push((name, MARK));
        }
        list
    }

    /// All types that a parameter of a compiled function leads to, by name.
    pub(super) fn instances(&self) -> BTreeMap<String, (Ty, Instance)> {
        let mut found = BTreeMap::new();
        let mut left = self.shown();
        // Methods are compiled whether or not somebody calls them; generic and derived (inline) ones are not.
        for (position, definition) in self.program.definitions.iter().enumerate() {
            if !definition.generic && definition.method {
                let number = u16::try_from(position).unwrap_or(0);
                left.push(Ty::Defined(number, Box::new(Ty::Plain(0)), 0));
            }
        }
        while let Some(ty) = left.pop() {
            match &ty {
                Ty::Array(inner, _)
                | Ty::Boxed(inner)
                | Ty::Vec(inner)
                | Ty::Reference(inner)
                | Ty::Pointer(inner)
                | Ty::Function(inner) => left.push((**inner).clone()),
                Ty::Pair(one, other) => left.extend([(**one).clone(), (**other).clone()]),
                Ty::Option(inner) => {
                    left.push((**inner).clone());
                    let variants = vec![
                        ("None".to_owned(), Vec::new()),
                        ("Some".to_owned(), vec![("0".to_owned(), (**inner).clone())]),
                    ];
                    found.insert(self.ty(&ty, 0), (ty.clone(), Instance::Variants(variants)));
                }
                Ty::Defined(number, argument, length) => {
                    let name = self.ty(&ty, 0);
                    if found.contains_key(&name) {
                        continue;
                    }
                    let instance = self.instance(usize::from(*number), argument, *length);
                    let inside: Vec<&Ty> = match &instance {
                        Instance::Fields(fields) => fields.iter().map(|(_, ty)| ty).collect(),
                        Instance::Variants(variants) => variants
                            .iter()
                            .flat_map(|(_, fields)| fields.iter().map(|(_, ty)| ty))
                            .collect(),
                    };
                    left.extend(inside.into_iter().cloned());
                    found.insert(name, (ty.clone(), instance));
                }
                _ => {}
            }
        }
        found
    }

    pub(super) fn instance(&self, position: usize, argument: &Ty, length: u8) -> Instance {
        let definition = &self.program.definitions[position];
        let arguments = definition.generic.then_some((argument, length));
        let concrete = |fields: Vec<(String, Ty)>| -> Vec<(String, Ty)> {
            let fields = fields.into_iter();
            fields
                .map(|(name, ty)| {
                    let ty = if ty == MARK {
                        Ty::Plain(12)
                    } else {
                        self.concrete(&ty, position, arguments)
                    };
                    (name, ty)
                })
                .collect()
        };
        match &definition.body {
            Body::Struct { tuple, fields } => {
                Instance::Fields(concrete(self.fields(fields, *tuple, definition.generic)))
            }
            Body::Union { fields } => {
                Instance::Fields(concrete(self.fields(fields, false, definition.generic)))
            }
            Body::Enum { variants, .. } => {
                let variants = variants.iter().enumerate().map(|(at, variant)| {
                    let marked = definition.generic && at == 0;
                    let fields = self.fields(&variant.fields, variant.tuple, marked);
                    (variant.name.clone(), concrete(fields))
                });
                Instance::Variants(variants.collect())
            }
        }
    }

    /// The module as it is judged: the types, and functions that take them, with their unedited callers.
    pub(super) fn judged(&self, version: u32) -> String {
        let mut text = format!("pub mod m{} {{\n{}", self.number, self.types());
        for (at, ty) in self.shown().iter().enumerate() {
            let ty = self.ty(ty, 0);
            let _ = write!(
                text,
                "pub fn look{at}(a: &{ty}) -> usize {{ core::mem::size_of_val(a) + {version} }}\n\
                 pub fn look{at}_caller(a: &{ty}) -> usize {{ look{at}(a) }}\n\
                 pub fn take{at}(a: {ty}) -> usize {{ core::mem::size_of_val(&a) + {version} }}\n\
                 pub fn take{at}_caller(a: {ty}) -> usize {{ take{at}(a) }}\n"
            );
        }
        text.push_str("}\n");
        text
    }

    pub(super) fn types(&self) -> String {
        let mut text = format!(
            "type Alias = {};\nconst LENGTH: usize = {};\n",
            self.ty(&self.program.alias, 0),
            self.program.length
        );
        for (position, definition) in self.program.definitions.iter().enumerate() {
            self.definition(position, definition, &mut text);
        }
        text
    }

    fn definition(&self, position: usize, definition: &Definition, text: &mut String) {
        let name = self.name(position);
        let generic = definition.generic;
        let parameters = if generic {
            "<T: 'static, const N: usize>"
        } else {
            ""
        };
        if definition.doc {
            text.push_str("/// It has a purpose.\n");
        }
        let (repr, _) = self.representation(definition);
        if !repr.is_empty() {
            let _ = writeln!(text, "#[repr({repr})]");
        }
        if definition.derive && self.is_derivable(definition) {
            text.push_str("#[derive(Clone, Debug)]\n");
        }
        let list = |fields: &[Field], tuple: bool, marked: bool, what: &str| -> String {
            let manual = matches!(definition.body, Body::Union { .. });
            let mut parts = Vec::new();
            for (name, ty) in self.fields(fields, tuple, marked) {
                let mut ty = if ty == MARK {
                    "core::marker::PhantomData<T>".to_owned()
                } else {
                    self.ty(&ty, position)
                };
                if manual {
                    ty = format!("core::mem::ManuallyDrop<{ty}>");
                }
                parts.push(if tuple {
                    format!("{what}{ty}")
                } else {
                    format!("{what}{name}: {ty}")
                });
            }
            let parts = parts.join(", ");
            if tuple {
                format!("({parts})")
            } else {
                format!(" {{ {parts} }}")
            }
        };
        match &definition.body {
            Body::Struct { tuple, fields } => {
                let end = if *tuple { ";" } else { "" };
                let fields = list(fields, *tuple, generic, "pub ");
                let _ = writeln!(text, "pub struct {name}{parameters}{fields}{end}");
            }
            Body::Union { fields } => {
                let fields = list(fields, false, generic, "pub ");
                let _ = writeln!(text, "pub union {name}{parameters}{fields}");
            }
            Body::Enum { numbered, variants } => {
                let numbers = numbered
                    .then(|| self.discriminants(definition, variants))
                    .flatten();
                let _ = writeln!(text, "pub enum {name}{parameters} {{");
                for (at, variant) in variants.iter().enumerate() {
                    let marked = generic && at == 0;
                    let fields = if variant.fields.is_empty() && !marked {
                        String::new()
                    } else {
                        list(&variant.fields, variant.tuple, marked, "")
                    };
                    let number = numbers
                        .as_ref()
                        .map(|numbers| format!(" = {}", numbers[at]))
                        .unwrap_or_default();
                    let _ = writeln!(text, "    {}{fields}{number},", variant.name);
                }
                text.push_str("}\n");
            }
        }
        if definition.method {
            let (with, on) = if generic {
                (parameters, "<T, N>")
            } else {
                ("", "")
            };
            let _ = writeln!(
                text,
                "impl{with} {name}{on} {{ pub fn method(&self) -> usize {{ core::mem::size_of_val(self) }} }}"
            );
        }
    }

    /// Whether `Clone` and `Debug` can be derived.
    fn is_derivable(&self, definition: &Definition) -> bool {
        let (repr, all_plain) = self.representation(definition);
        all_plain
            && !definition.generic
            && !repr.contains("packed")
            && !matches!(definition.body, Body::Union { .. })
    }

    /// The `repr` that is possible, and whether all fields are plain.
    fn representation(&self, definition: &Definition) -> (&'static str, bool) {
        let mut copy = definition.clone();
        let lists = copy.lists();
        let all_plain = lists.iter().all(|fields| {
            fields.iter().all(|field| {
                is_plain(&field.ty) || field.ty == Ty::Alias && is_plain(&self.program.alias)
            })
        });
        let list = match &definition.body {
            Body::Struct { .. } => STRUCT_REPRS,
            Body::Union { .. } => UNION_REPRS,
            Body::Enum { .. } => ENUM_REPRS,
        };
        let repr = list[usize::from(definition.repr) % list.len()];
        let possible = match repr {
            "transparent" => lists[0].len() == 1,
            "C, u8" => definition.generic || lists.iter().any(|fields| !fields.is_empty()),
            _ if repr.contains("packed") => all_plain,
            _ => true,
        };
        (if possible { repr } else { "" }, all_plain)
    }

    /// A number for each variant, all different, where numbers may be given.
    fn discriminants(&self, definition: &Definition, variants: &[Variant]) -> Option<Vec<i16>> {
        let (repr, _) = self.representation(definition);
        let primitive = ["u8", "i8", "u16", "i32", "u64"]
            .iter()
            .any(|name| repr.ends_with(name));
        let without_data =
            variants.iter().all(|variant| variant.fields.is_empty()) && !definition.generic;
        if !primitive && !without_data {
            return None;
        }
        let mut numbers: Vec<i16> = Vec::new();
        for variant in variants {
            let mut number = variant.discriminant;
            if repr.contains('u') {
                number = number.abs();
            }
            while numbers.contains(&number) {
                number += 1;
            }
            numbers.push(number);
        }
        Some(numbers)
    }
}

/// Stands for the marker of a generic definition, which no field of a generated program can be.
const MARK: Ty = Ty::Plain(u8::MAX);
