//! A few types that belong together, and what may be done to them.
//!
//! Everything that is generated stands for a program that compiles: where a combination is not allowed (`packed` around an
//! aligned type, `transparent` around two fields), the text leaves the attribute out, on both sides alike.

use proptest::prelude::*;

/// A type as a field has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ty {
    /// One of [`PLAIN`], by its place there.
    Plain(u8),
    Array(Box<Ty>, u8),
    /// An array as long as the module's constant says.
    ConstantArray(Box<Ty>),
    Pair(Box<Ty>, Box<Ty>),
    Option(Box<Ty>),
    Boxed(Box<Ty>),
    Vec(Box<Ty>),
    Reference(Box<Ty>),
    Pointer(Box<Ty>),
    /// `fn(&T) -> u32`
    Function(Box<Ty>),
    /// One of the definitions above this one, with its arguments if it has parameters.
    Defined(u16, Box<Ty>, u8),
    /// The module's alias.
    Alias,
    /// The type parameter of the definition that this stands in.
    Parameter,
    /// An array as long as the constant parameter says.
    ParameterArray,
    /// `Option<Box<Self>>`, with the type spelled out.
    List,
}

/// A type that is the same in every program.
pub(super) struct Plain {
    pub(super) text: &'static str,
    /// A value of it, in a constant.
    pub(super) value: &'static str,
    /// It is `Clone` and `Debug`.
    pub(super) derivable: bool,
}

const fn plain(text: &'static str, value: &'static str, derivable: bool) -> Plain {
    Plain {
        text,
        value,
        derivable,
    }
}

/// Alike in size here and there, so that an exchange leaves the bytes where they were.
pub(super) const PLAIN: &[Plain] = &[
    plain("u8", "0x11", true),
    plain("u32", "0x22334455", true),
    plain("u64", "0x66778899aabbccdd", true),
    plain("bool", "true", true),
    plain("char", "'c'", true),
    plain("i32", "-3", true),
    plain("u16", "0x1213", true),
    plain("i8", "-2", true),
    plain("f32", "1.5", true),
    plain("f64", "2.5", true),
    plain("u128", "0x0102030405060708090a0b0c0d0e0f10", true),
    plain("usize", "0x77", true),
    plain("()", "()", true),
    plain("core::num::NonZeroU32", "core::num::NonZeroU32::MAX", true),
    plain("core::num::NonZeroI32", "core::num::NonZeroI32::MAX", true),
    plain("core::cmp::Ordering", "core::cmp::Ordering::Less", true),
    plain(
        "core::time::Duration",
        "core::time::Duration::new(5, 6)",
        true,
    ),
    plain(
        "&'static str",
        "unsafe { core::mem::transmute::<[usize; 2], &'static str>([0x1000, 4]) }",
        true,
    ),
    plain(
        "&'static [u16]",
        "unsafe { core::mem::transmute::<[usize; 2], &'static [u16]>([0x1000, 4]) }",
        true,
    ),
    plain("String", "String::new()", true),
    plain(
        "core::marker::PhantomData<u16>",
        "core::marker::PhantomData",
        true,
    ),
    plain(
        "core::cell::Cell<u16>",
        "core::cell::Cell::new(0x4142)",
        false,
    ),
    plain(
        "core::cell::RefCell<u8>",
        "core::cell::RefCell::new(0x43)",
        false,
    ),
    plain(
        "core::sync::atomic::AtomicU8",
        "core::sync::atomic::AtomicU8::new(0x44)",
        false,
    ),
    plain(
        "Box<dyn Fn(u32) -> u32>",
        "unsafe { core::mem::transmute::<[usize; 2], Box<dyn Fn(u32) -> u32>>([0x1000, 0x2000]) }",
        false,
    ),
    plain(
        "Box<dyn Fn(i32) -> u32>",
        "unsafe { core::mem::transmute::<[usize; 2], Box<dyn Fn(i32) -> u32>>([0x1000, 0x2000]) }",
        false,
    ),
    plain("Option<Box<u8>>", "None", true),
    plain("core::ops::Range<u8>", "0x45..0x46", true),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) ty: Ty,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variant {
    /// Stays when it gets another name or place.
    pub(super) identity: usize,
    pub(super) name: String,
    pub(super) tuple: bool,
    pub(super) fields: Vec<Field>,
    pub(super) discriminant: i16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    Struct {
        tuple: bool,
        fields: Vec<Field>,
    },
    Union {
        fields: Vec<Field>,
    },
    Enum {
        numbered: bool,
        variants: Vec<Variant>,
    },
}

/// One `struct`, `union` or `enum`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) body: Body,
    /// Which representation is wanted: an index into the list of those that its kind knows.
    pub(super) repr: u8,
    /// It has a parameter `T` and a constant `N`.
    pub(super) generic: bool,
    /// A function takes it by reference, and another one by value. Of the last definition that is always so.
    pub(super) shown: bool,
    /// What no value shows.
    pub(super) doc: bool,
    pub(super) method: bool,
    pub(super) derive: bool,
}

/// A module's worth of types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) definitions: Vec<Definition>,
    pub(super) alias: Ty,
    pub(super) length: u8,
    /// Counts the names that mutations give.
    pub(super) fresh: u32,
}

/// One thing that an author does to the types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Doc,
    Method,
    Derive,
    AddField,
    RemoveField,
    ExchangeFields,
    RenameField,
    ExchangeFieldNames,
    /// One field gets a new name, and another one its old name.
    PassNameOn,
    Retype,
    Wrap,
    ArrayLength,
    Represent,
    AddVariant,
    RemoveVariant,
    ExchangeVariants,
    RenameVariant,
    ExchangeVariantNames,
    Renumber,
    Number,
    TupleOrNamed,
    Alias,
    Constant,
}

const ACTS: &[Act] = &[
    Act::Doc,
    Act::Method,
    Act::Derive,
    Act::AddField,
    Act::RemoveField,
    Act::ExchangeFields,
    Act::ExchangeFields,
    Act::RenameField,
    Act::RenameField,
    Act::ExchangeFieldNames,
    Act::PassNameOn,
    Act::Retype,
    Act::Wrap,
    Act::ArrayLength,
    Act::Represent,
    Act::Represent,
    Act::AddVariant,
    Act::RemoveVariant,
    Act::ExchangeVariants,
    Act::ExchangeVariants,
    Act::RenameVariant,
    Act::RenameVariant,
    Act::ExchangeVariantNames,
    Act::Renumber,
    Act::Number,
    Act::TupleOrNamed,
    Act::TupleOrNamed,
    Act::Alias,
    Act::Constant,
];

/// An act, and numbers that choose where.
#[derive(Debug, Clone)]
pub(super) struct Mutation {
    pub(super) act: Act,
    definition: u16,
    first: u16,
    second: u16,
    ty: Ty,
}

/// A program and what is done to it.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) old: Program,
    pub(super) mutations: Vec<Mutation>,
}

impl Pair {
    pub(super) fn new_program(&self) -> Program {
        let mut program = self.old.clone();
        for mutation in &self.mutations {
            mutation.apply(&mut program);
        }
        program
    }
}

fn index(number: u16, length: usize) -> usize {
    usize::from(number) % length.max(1)
}

impl Definition {
    /// All its lists of fields: one, or one for each variant.
    pub(super) fn lists(&mut self) -> Vec<&mut Vec<Field>> {
        match &mut self.body {
            Body::Struct { fields, .. } | Body::Union { fields } => vec![fields],
            Body::Enum { variants, .. } => variants
                .iter_mut()
                .map(|variant| &mut variant.fields)
                .collect(),
        }
    }

    fn list(&mut self, number: u16) -> &mut Vec<Field> {
        let mut lists = self.lists();
        let at = index(number, lists.len());
        lists.swap_remove(at)
    }
}

impl Mutation {
    fn apply(&self, program: &mut Program) {
        let at = index(self.definition, program.definitions.len());
        let ty = self.ty.clone().allowed(at);
        program.fresh += 1;
        let fresh = program.fresh;
        match self.act {
            // An alias names a plain type only: it stands above everything.
            Act::Alias => program.alias = Ty::Plain(low(self.first)),
            Act::Constant => program.length = low(self.first) % 4,
            _ => self.apply_to(&mut program.definitions[at], ty, fresh),
        }
    }

    fn apply_to(&self, definition: &mut Definition, ty: Ty, fresh: u32) {
        let (first, second) = (self.first, self.second);
        match self.act {
            Act::Doc => definition.doc = !definition.doc,
            Act::Method => definition.method = !definition.method,
            Act::Derive => definition.derive = !definition.derive,
            Act::Represent => definition.repr = low(first),
            Act::TupleOrNamed => match &mut definition.body {
                Body::Struct { tuple, .. } => *tuple = !*tuple,
                Body::Union { .. } => {}
                Body::Enum { variants, .. } => {
                    let at = index(first, variants.len());
                    variants[at].tuple = !variants[at].tuple;
                }
            },
            Act::AddField => {
                let fields = definition.list(first);
                let at = index(second, fields.len() + 1);
                let name = format!("added{fresh}");
                fields.insert(at, Field { name, ty });
            }
            Act::RemoveField => {
                let keeps_one = matches!(definition.body, Body::Union { .. });
                let fields = definition.list(first);
                if fields.len() > usize::from(keeps_one) {
                    fields.remove(index(second, fields.len()));
                }
            }
            Act::ExchangeFields | Act::ExchangeFieldNames | Act::PassNameOn => {
                let fields = definition.list(first);
                let (one, other) = (
                    index(second, fields.len()),
                    index(second / 16 + 1, fields.len()),
                );
                if one == other {
                    return;
                }
                match self.act {
                    Act::ExchangeFields => fields.swap(one, other),
                    Act::ExchangeFieldNames => {
                        let name = fields[one].name.clone();
                        fields[one].name = std::mem::replace(&mut fields[other].name, name);
                    }
                    _ => {
                        let name =
                            std::mem::replace(&mut fields[one].name, format!("fresh{fresh}"));
                        fields[other].name = name;
                    }
                }
            }
            Act::RenameField => {
                let fields = definition.list(first);
                let at = index(second, fields.len());
                if let Some(field) = fields.get_mut(at) {
                    field.name = format!("fresh{fresh}");
                }
            }
            Act::Retype | Act::Wrap | Act::ArrayLength => {
                let fields = definition.list(first);
                let at = index(second, fields.len());
                let Some(field) = fields.get_mut(at) else {
                    return;
                };
                let inner = Box::new(field.ty.clone());
                field.ty = match (self.act, &field.ty) {
                    (Act::Retype, _) => ty,
                    (Act::ArrayLength, Ty::Array(inner, length)) => {
                        Ty::Array(inner.clone(), (length + 1) % 5)
                    }
                    (Act::ArrayLength, _) => return,
                    _ => match second / 16 % 5 {
                        0 => Ty::Option(inner),
                        1 => Ty::Boxed(inner),
                        2 => Ty::Array(inner, 1),
                        3 => Ty::Vec(inner),
                        _ => Ty::Pair(inner, Box::new(Ty::Plain(12))),
                    },
                };
            }
            Act::AddVariant
            | Act::RemoveVariant
            | Act::ExchangeVariants
            | Act::RenameVariant
            | Act::ExchangeVariantNames
            | Act::Renumber
            | Act::Number => {
                let Body::Enum { variants, numbered } = &mut definition.body else {
                    return;
                };
                let (one, other) = (index(first, variants.len()), index(second, variants.len()));
                match self.act {
                    Act::AddVariant => {
                        let fields = if second % 2 == 0 {
                            Vec::new()
                        } else {
                            vec![Field {
                                name: format!("of{fresh}"),
                                ty,
                            }]
                        };
                        variants.insert(
                            index(first, variants.len() + 1),
                            Variant {
                                identity: usize::MAX,
                                name: format!("Added{fresh}"),
                                tuple: second % 3 == 0,
                                fields,
                                discriminant: number(second),
                            },
                        );
                    }
                    Act::RemoveVariant if variants.len() > 1 => {
                        variants.remove(one);
                    }
                    Act::ExchangeVariants => variants.swap(one, other),
                    Act::RenameVariant => variants[one].name = format!("Fresh{fresh}"),
                    Act::ExchangeVariantNames if one != other => {
                        let name = variants[one].name.clone();
                        variants[one].name = std::mem::replace(&mut variants[other].name, name);
                    }
                    Act::Renumber => variants[one].discriminant = number(second),
                    Act::Number => *numbered = !*numbered,
                    _ => {}
                }
            }
            Act::Alias | Act::Constant => {}
        }
    }
}

fn low(number: u16) -> u8 {
    number.to_le_bytes()[0]
}

/// A discriminant that every representation can hold, the unsigned ones by its absolute value.
fn number(number: u16) -> i16 {
    i16::from(low(number)) % 101 * if number & 256 == 0 { 1 } else { -1 }
}

impl Ty {
    /// The type with references to definitions above `position` only.
    fn allowed(self, position: usize) -> Self {
        let inner = |ty: Box<Self>| Box::new(ty.allowed(position));
        match self {
            Self::Plain(number) => Self::Plain(number % u8::try_from(PLAIN.len()).unwrap_or(1)),
            Self::Array(ty, length) => Self::Array(inner(ty), length % 5),
            Self::ConstantArray(ty) => Self::ConstantArray(inner(ty)),
            Self::Pair(one, other) => Self::Pair(inner(one), inner(other)),
            Self::Option(ty) => Self::Option(inner(ty)),
            Self::Boxed(ty) => Self::Boxed(inner(ty)),
            Self::Vec(ty) => Self::Vec(inner(ty)),
            Self::Reference(ty) => Self::Reference(inner(ty)),
            Self::Pointer(ty) => Self::Pointer(inner(ty)),
            Self::Function(ty) => Self::Function(inner(ty)),
            Self::Defined(..) if position == 0 => Self::Plain(1),
            Self::Defined(number, ty, length) => Self::Defined(
                u16::try_from(index(number, position)).unwrap_or(0),
                inner(ty),
                length % 4,
            ),
            other => other,
        }
    }
}

fn any_ty() -> impl Strategy<Value = Ty> {
    let leaf = prop_oneof![
        6 => any::<u8>().prop_map(Ty::Plain),
        4 => (any::<u16>(), any::<u8>(), any::<u8>())
            .prop_map(|(number, argument, length)| Ty::Defined(number, Box::new(Ty::Plain(argument)), length)),
        1 => Just(Ty::Alias),
        1 => Just(Ty::Parameter),
        1 => Just(Ty::ParameterArray),
        1 => Just(Ty::List),
    ];
    let deeper = leaf.prop_recursive(2, 6, 2, |inner| {
        let boxed = inner.prop_map(Box::new).boxed();
        prop_oneof![
            (boxed.clone(), any::<u8>()).prop_map(|(ty, length)| Ty::Array(ty, length)),
            boxed.clone().prop_map(Ty::ConstantArray),
            (boxed.clone(), boxed.clone()).prop_map(|(one, other)| Ty::Pair(one, other)),
            boxed.clone().prop_map(Ty::Option),
            boxed.clone().prop_map(Ty::Option),
            boxed.clone().prop_map(Ty::Boxed),
            boxed.clone().prop_map(Ty::Vec),
            boxed.clone().prop_map(Ty::Reference),
            boxed.clone().prop_map(Ty::Pointer),
            boxed.clone().prop_map(Ty::Function),
            (any::<u16>(), boxed, any::<u8>())
                .prop_map(|(number, argument, length)| Ty::Defined(number, argument, length)),
        ]
    });
    prop_oneof![3 => any::<u8>().prop_map(Ty::Plain), 4 => deeper]
}

fn any_fields(range: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Field>> {
    // Few kinds of types in one list, so that several fields have the same.
    let several = proptest::collection::vec(any_ty(), 1..3);
    (several, proptest::collection::vec(any::<u16>(), range)).prop_map(|(types, choices)| {
        choices
            .iter()
            .enumerate()
            .map(|(at, choice)| Field {
                name: format!("f{at}"),
                ty: types[index(*choice, types.len())].clone(),
            })
            .collect()
    })
}

fn any_body() -> impl Strategy<Value = Body> {
    let variant = (
        any::<bool>(),
        prop_oneof![2 => Just(Vec::new()), 3 => any_fields(0..4)],
        any::<u16>(),
    );
    let unit = any::<u16>().prop_map(|number| (false, Vec::new(), number));
    let variants = prop_oneof![
        3 => proptest::collection::vec(variant, 1..5),
        1 => proptest::collection::vec(unit, 1..6),
    ];
    prop_oneof![
        4 => (any::<bool>(), any_fields(0..6)).prop_map(|(tuple, fields)| Body::Struct { tuple, fields }),
        1 => any_fields(1..4).prop_map(|fields| Body::Union { fields }),
        4 => (any::<bool>(), variants).prop_map(|(numbered, variants)| {
            let variants = variants.into_iter().enumerate().map(|(at, (tuple, fields, discriminant))| {
                Variant { identity: at, name: format!("V{at}"), tuple, fields, discriminant: number(discriminant) }
            });
            Body::Enum { numbered, variants: variants.collect() }
        }),
    ]
}

fn any_definition() -> impl Strategy<Value = Definition> {
    (
        any_body(),
        prop_oneof![3 => Just(0), 2 => any::<u8>()],
        proptest::bool::weighted(0.2),
        any::<[bool; 4]>(),
    )
        .prop_map(
            |(body, repr, generic, [shown, doc, method, derive])| Definition {
                body,
                repr,
                generic,
                shown,
                doc,
                method,
                derive,
            },
        )
}

fn any_program() -> impl Strategy<Value = Program> {
    (
        proptest::collection::vec(any_definition(), 1..4),
        any::<u8>(),
        0..4_u8,
    )
        .prop_map(|(mut definitions, alias, length)| {
            for (at, definition) in definitions.iter_mut().enumerate() {
                for field in definition.lists().into_iter().flatten() {
                    field.ty = field.ty.clone().allowed(at);
                }
            }
            Program {
                definitions,
                alias: Ty::Plain(alias).allowed(0),
                length,
                fresh: 0,
            }
        })
}

/// Pairs of programs.
pub(super) fn any_pair() -> impl Strategy<Value = Pair> {
    let mutation = (proptest::sample::select(ACTS), any::<[u16; 3]>(), any_ty()).prop_map(
        |(act, [definition, first, second], ty)| Mutation {
            act,
            definition,
            first,
            second,
            ty,
        },
    );
    let mutation = mutation.boxed();
    let mutations = prop_oneof![
        1 => Just(Vec::new()).boxed(),
        8 => proptest::collection::vec(mutation.clone(), 1..2).boxed(),
        6 => proptest::collection::vec(mutation, 2..5).boxed(),
    ];
    (any_program(), mutations).prop_map(|(old, mutations)| Pair { old, mutations })
}
