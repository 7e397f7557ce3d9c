//! [`Program`]: a workspace as a value. `render` writes its text, `simulate` knows what it prints, `edits` changes it.
//!
//! A program consists of *items*. Each has an id that its code prints and its values carry, so that the output shows whose
//! code read whose value. The text of an item is in up to three *pieces*, which may stand in different modules and crates:
//! its definition, what refers to it, and the function that is called at each tick.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A crate of the workspace. Each may refer to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Krate {
    Low,
    Mid,
    /// `app/src/lib.rs`.
    Lib,
    /// `app/src/main.rs`: its crate has the same name as that of the library.
    Bin,
}

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Program {
    /// By id.
    pub(crate) items: BTreeMap<u32, Item>,
    pub(crate) modules: Vec<Module>,
    /// The module whose text does not compile.
    #[serde(default)]
    pub(crate) broken: Option<usize>,
}

/// A module, which is a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Module {
    pub(crate) krate: Krate,
    /// In the order of the text.
    pub(crate) pieces: Vec<Piece>,
    /// Lines of comment at the top.
    #[serde(default)]
    pub(crate) comments: u32,
}

/// A part of an item's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Piece {
    pub(crate) item: u32,
    pub(crate) part: Part,
}

/// Which part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Part {
    /// The definition.
    Def,
    /// What refers to the definition: a table, a caller, a reader.
    Via,
    /// `pub fn p_iID`, which is called at each tick.
    Probe,
}

/// What an item is. `render::def` shows the text of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// A function without state.
    Fn,
    Const,
    /// An immutable static, read directly and through a table of references.
    Imm,
    /// Two functions and a static table of pointers to them.
    FnTable,
    Macro,
    Generic,
    /// A function that returns its caller's line.
    Loc,
    /// A type with a destructor, or without.
    Drop,
    /// A static or thread-local with a list that grows at each tick.
    State,
    /// A type in a `const _` block; an object of it is kept.
    Block,
    /// A named type; an object of it is kept.
    Named,
    /// An enum whose values are kept as numbers.
    EnumNum,
    /// An enum whose values are kept.
    EnumVal,
    /// Closures that are kept, all of one function.
    Closures,
    /// Local functions of one name, to which pointers are kept.
    LocalFns,
    /// Local types of one name, of which objects are kept.
    LocalTypes,
    /// Local statics of one name.
    LocalStatics,
    /// A function to which a pointer is kept.
    FnPtr,
    /// A trait with two methods of one signature; objects of it are kept.
    DynTrait,
    /// A future that is polled once at each tick.
    Async,
    /// A thread-local with a constant initialiser, read in new threads.
    TlConst,
    /// A function that is called once, by `OnceLock::get_or_init`.
    Once,
    /// A value behind a pointer that is kept as a number.
    Erased,
    /// Structs in a list in a static, which stands elsewhere.
    Fields,
    /// A `LazyLock`.
    Lazy,
    /// A value behind `dyn Any`.
    Any,
    /// A thread with a loop that never ends.
    Thread,
    /// Instances of generic functions: for constants, function items and closures.
    Instance,
    /// A generic wrapper around a function item and around a closure; both are kept.
    Handler,
    /// A function in `global_asm!`.
    Asm,
    /// Something that the loop of `main` itself prints.
    Frame,
    /// A type, and an `impl` block of it with a closure, which stands elsewhere.
    Method,
    /// A struct with derived traits.
    Derive,
    /// A function that unwinds, with a destructor, and is caught.
    Catch,
    /// A static array whose length is a constant that stands elsewhere.
    Sized,
}

impl Kind {
    pub(crate) const ALL: [Self; 35] = [
        Self::Fn,
        Self::Const,
        Self::Imm,
        Self::FnTable,
        Self::Macro,
        Self::Generic,
        Self::Loc,
        Self::Drop,
        Self::State,
        Self::Block,
        Self::Named,
        Self::EnumNum,
        Self::EnumVal,
        Self::Closures,
        Self::LocalFns,
        Self::LocalTypes,
        Self::LocalStatics,
        Self::FnPtr,
        Self::DynTrait,
        Self::Async,
        Self::TlConst,
        Self::Once,
        Self::Erased,
        Self::Fields,
        Self::Lazy,
        Self::Any,
        Self::Thread,
        Self::Instance,
        Self::Handler,
        Self::Asm,
        Self::Frame,
        Self::Method,
        Self::Derive,
        Self::Catch,
        Self::Sized,
    ];

    /// How many styles of its text there are.
    pub(crate) fn styles(self) -> u8 {
        match self {
            Self::Fn => 13,
            Self::State => 8,
            Self::Imm | Self::FnTable | Self::Erased => 4,
            Self::Const | Self::Frame | Self::Async => 3,
            Self::Block
            | Self::EnumNum
            | Self::LocalTypes
            | Self::LocalStatics
            | Self::Macro
            | Self::Method => 2,
            _ => 1,
        }
    }

    /// How many values `Item::order` may have.
    pub(crate) fn orders(self) -> u8 {
        match self {
            Self::EnumVal => 12,
            Self::EnumNum => 6,
            Self::Named | Self::DynTrait => 4,
            Self::Derive => 3,
            Self::Sized
            | Self::Fn
            | Self::FnTable
            | Self::Drop
            | Self::Erased
            | Self::Fields
            | Self::Any => 2,
            _ => 1,
        }
    }

    pub(crate) fn has_subs(self) -> bool {
        matches!(
            self,
            Self::Closures | Self::LocalFns | Self::LocalTypes | Self::LocalStatics
        )
    }

    /// Whether nothing that is kept belongs to it, so that only its newest code can be seen.
    pub(crate) fn is_stateless(self) -> bool {
        matches!(
            self,
            Self::Fn
                | Self::Const
                | Self::Imm
                | Self::FnTable
                | Self::Macro
                | Self::Generic
                | Self::Loc
                | Self::Drop
                | Self::Instance
                | Self::Method
                | Self::Derive
                | Self::Catch
        )
    }

    /// Whether its text can only be used in its own crate.
    pub(crate) fn is_of_one_crate(self) -> bool {
        matches!(self, Self::Macro | Self::Asm | Self::Method)
    }

    /// Whether something of it stands in a second module.
    pub(crate) fn has_via(self) -> bool {
        !matches!(
            self,
            Self::Drop
                | Self::Block
                | Self::Named
                | Self::EnumVal
                | Self::Closures
                | Self::LocalFns
                | Self::LocalTypes
                | Self::LocalStatics
                | Self::FnPtr
                | Self::Async
                | Self::TlConst
                | Self::Asm
                | Self::Frame
        )
    }
}

/// The type of a value that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Ty {
    U64,
    I64,
    Str,
    Text,
    Numbers,
    BoxedSlice,
    Pair,
}

impl Ty {
    pub(crate) const ALL: [Self; 7] = [
        Self::U64,
        Self::I64,
        Self::Str,
        Self::Text,
        Self::Numbers,
        Self::BoxedSlice,
        Self::Pair,
    ];

    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::U64 => "u64",
            Self::I64 => "i64",
            Self::Str => "&'static str",
            Self::Text => "String",
            Self::Numbers => "Vec<u32>",
            Self::BoxedSlice => "Box<[u64]>",
            Self::Pair => "(u64, u64)",
        }
    }

    /// An expression for the value that carries this tag.
    pub(crate) fn make(self, tag: u32) -> String {
        match self {
            Self::U64 => format!("{tag}000u64"),
            Self::I64 => format!("-{tag}i64"),
            Self::Str => format!("\"t{tag}\""),
            Self::Text => format!("String::from(\"t{tag}\")"),
            Self::Numbers => format!("vec![{tag}u32, {tag}]"),
            Self::BoxedSlice => format!("vec![{tag}u64, 1].into_boxed_slice()"),
            Self::Pair => format!("({tag}u64, 2u64)"),
        }
    }

    /// What `{:?}` prints of that value.
    pub(crate) fn shown(self, tag: u32) -> String {
        match self {
            Self::U64 => format!("{tag}000"),
            Self::I64 => format!("-{tag}"),
            Self::Str | Self::Text => format!("\"t{tag}\""),
            Self::Numbers => format!("[{tag}, {tag}]"),
            Self::BoxedSlice => format!("[{tag}, 1]"),
            Self::Pair => format!("({tag}, 2)"),
        }
    }
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    pub(crate) style: u8,
    /// A letter. No two items whose definitions stand in one module have the same.
    pub(crate) name: u8,
    /// The number that its code prints; another one after each edit of its body.
    pub(crate) k: u32,
    pub(crate) ty: Ty,
    /// Order of fields, variants or methods; which of two types an alias is; whether there is a destructor or a second
    /// parameter.
    pub(crate) order: u8,
    /// Of kinds with several blocks in one function.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) subs: Vec<Sub>,
}

/// A block of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sub {
    pub(crate) id: u32,
    pub(crate) k: u32,
    pub(crate) ty: Ty,
}

impl Sub {
    /// The number that its value carries.
    pub(crate) fn tag(&self, item: u32) -> u32 {
        item * 100 + self.id
    }
}

impl Item {
    pub(crate) fn letter(&self) -> char {
        char::from(b'a' + self.name % 26)
    }

    /// Whether a value of its type is kept.
    pub(crate) fn uses_type(&self) -> bool {
        match self.kind {
            Kind::State => self.style != 6,
            Kind::Async => self.style == 1,
            Kind::Block | Kind::Named | Kind::Handler => true,
            _ => false,
        }
    }

    /// `Fn.3`.
    pub(crate) fn described(&self) -> String {
        if self.kind.styles() > 1 {
            format!("{:?}.{}", self.kind, self.style)
        } else {
            format!("{:?}", self.kind)
        }
    }
}

impl Program {
    /// In which module a piece stands.
    pub(crate) fn module_of(&self, item: u32, part: Part) -> Option<usize> {
        let piece = Piece { item, part };
        self.modules
            .iter()
            .position(|module| module.pieces.contains(&piece))
    }

    /// Takes an item out, with all its pieces.
    pub(crate) fn remove(&mut self, item: u32) {
        self.items.remove(&item);
        for module in &mut self.modules {
            module.pieces.retain(|piece| piece.item != item);
        }
    }

    /// A letter that no item with its definition in that module has.
    pub(crate) fn free_name(&self, module: usize, wanted: u8) -> u8 {
        let taken: Vec<u8> = self.modules[module]
            .pieces
            .iter()
            .filter(|piece| piece.part == Part::Def)
            .filter_map(|piece| self.items.get(&piece.item))
            .map(|item| item.name)
            .collect();
        (0..26)
            .map(|step| (wanted + step) % 26)
            .find(|name| !taken.contains(name))
            .unwrap_or(25)
    }

    /// Where an item's definition stands and what it is called: the identity of what has a name.
    pub(crate) fn home(&self, id: u32) -> Option<(usize, u8)> {
        let item = self.items.get(&id)?;
        Some((self.module_of(id, Part::Def)?, item.name))
    }
}

/// One state of the source in a case, and how it is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    /// What was done to the state before: `body Fn.3`.
    pub(crate) label: String,
    /// Whether a person knows that the edit can be patched, at opt-level 0.
    pub(crate) patchable: bool,
    pub(crate) save: Save,
    pub(crate) program: Program,
}

/// How files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Save {
    InPlace,
    /// A new file, renamed over the old one.
    Renamed,
    /// As `Renamed`, with a modification time before the start of the session.
    Old,
    /// In place, and the next step is saved without waiting for the outcome of this one.
    Rapid,
}

/// A workspace and its edits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) opt_level: u8,
    /// As for `--fast`.
    pub(crate) fast: String,
    /// The first is what the session starts with.
    pub(crate) steps: Vec<Step>,
}
