//! The version cut: two versions of a closure or a coroutine live in one process and never meet.
//!
//! # The rule
//!
//! Let C be the closures and coroutines that an edit changed in a way that values which exist cannot follow: other captures,
//! another body of a coroutine, a row of closures in which nobody can tell which is which. A function *exposes* C when its
//! symbol names one of C (itself, its generic arguments, those of its impl), or when a parameter or the result is of a type
//! that reaches C through fields, pointers or generic arguments. Those functions form V.
//!
//! - A function of V is never redirected. Its old slot keeps the old code; its new code gets a new slot, and so does every
//!   function of V that the new code needs, changed or not: after a cut *no* function of V is shared by the two versions.
//! - A function outside of V whose new code refers to V (a *root*: it makes new values of C, or takes them from V) is replaced in
//!   its own slot, also if none of its bytes differ.
//! - A function that exposes C by a name only, and can hold nothing of it, is *free*: it counts as being outside of V. It is a
//!   method; its receiver is a function item, or a value (behind a reference) of size 0 in both builds with nothing of C inside, which no
//!   code calls directly (so it stands in vtables); its other parameters and its result neither reach C nor are raw pointers or function pointers.
//!   There are none if it is uncertain which closure of C is which. A framework's wrapper around a handler
//!   (`Box<dyn Service>` of a `Wrapper<Handler, Future>`) is of that kind.
//!
//! # Why it is sound
//!
//! Old code keeps to old values, because the slots that it calls lead where they led. New code begins in a root, which has no
//! parameter, no result and no state that reaches C (else it would be in V). So a new frame can get hold of an old value only
//! through memory that both versions share and whose type says nothing of C. A closure's type cannot be written down, so
//! what is left is little, and each way is looked at:
//!
//! | way | check | what the check rests on |
//! |---|---|---|
//! | a static or thread-local whose type reaches C | its type in the debug info | the declared type is the whole truth of what safe code keeps in it |
//! | `dyn Any`, `TypeId` (equal before and after) | no function of `core::any` is instantiated for a type of V | `Any` and `TypeId::of` are the only safe ways back from an erased type; in code that is not optimised, each use is a symbol |
//! | raw pointers and user data of C | no function of V that a root refers to takes or returns a raw pointer | an old value that comes as a raw pointer has to be given to something that knows its type |
//! | a cast of an address in the code itself | no root, and no function of V that the workspace's sources define, contains `unsafe`, by itself or by a macro of the workspace | only unsafe code gives an address a type |
//! | a `static` inside of one of the closures | closures that could not be paired have none | a paired closure keeps its statics, and they are of types of their own |
//! | state in the receiver of a free function | its size in the debug info, of all types of that name; a function item by the symbol, whose `Self` is a path and not `fn(…)`, and a parameter called `self` | what has the size 0 is the same before and after; of an item there is one value |
//! | an address or a layout that a free function gets at | no function of V that it comes to, through code and data, up to those that are given values of C, has `unsafe` or a raw or function pointer in its signature, or asks for a size or a `Layout`; the standard library's own are trusted | generic code needs one of these to make an old value of C out of what says nothing of it |
//! | a parameter `_` of a free function | as many parameters in its source as in its debug info | rustc 1.95 tells of one that is called `_` as well (`test-projects/cut-nameless-parameter`); where it did not, that one could be of the cut |
//! | code that an optimiser merged | all crates of the edit are compiled with opt-level 0 | symbols then are functions as they were written |
//!
//! A free function begins like a root: no parameter and no state of it is of C. That it names C makes it more likely than a root to be the
//! half of a pair whose other half is an erased address; therefore its checks go further.
//!
//! Trait objects are no way: an old object's vtable holds old slots, and `dyn Fn` is called through it. Neither are function
//! pointers (old slots), channels and containers (their types name C, so what handles them is in V), nor dependencies: their generic
//! code that handles C is in V, the rest has never heard of it. A coroutine that awaits one of C holds it as a field, so it reaches C and is
//! cut as well; one that only makes it and gives it away (an accept loop) does not, and goes on in its new code if nobody
//! edited it: then its states and their fields are as before.
//!
//! What stays an assumption: macros of other crates, and procedural ones, expand to `unsafe` code that is right for any closure (those that the
//! workspace defines with `macro_rules!` are read); a dependency's unsafe
//! code does not keep a value's address and ask for its type by other means than the above.

mod crossing;
mod free;
mod patterns;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;

use super::debug::{DebugFacts, FunctionFacts};
use super::layout::by_value;
use super::names;
use crate::codes::Reason;

pub use crossing::{Around, Check};
pub use patterns::Patterns;
pub(super) use patterns::has;

/// Why a closure or coroutine cannot go on as it is.
#[derive(Debug, Clone)]
pub(super) struct Cause {
    /// For what the program is restarted if there can be no cut.
    pub(super) reason: Reason,
    /// What is said if there is one.
    pub(super) note: String,
    pub(super) subject: Subject,
}

/// Which closures and coroutines a [`Cause`] is about.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    /// That whose environment (or a part of it) is the type of this full name.
    Environment(String),
    /// The functions of these symbols.
    Functions(Vec<Arc<str>>),
    /// All within the functions of these symbols, since it is not certain which is which.
    All(Vec<Arc<str>>),
}

/// Two versions of some closures and coroutines that may live side by side.
#[derive(Debug)]
pub struct Cut {
    names: CutNames,
    /// A type with a name of its own that holds what is cut, and does not say so in its name.
    strange: Option<String>,
    /// What debug info says: of both sides of the objects that differ, and of the others that were looked at.
    facts: Vec<Arc<DebugFacts>>,
    causes: Vec<Cause>,
}

/// Which names have two meanings in the process once the cut is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CutNames {
    /// How symbols name what is cut: `app::f::{closure#0}`, or `app::f::{` for all within a function.
    pub paths: Patterns,
    /// How debug info names the same: `app::f::{closure_env#0}`, `app::f::{`.
    pub types: Patterns,
    /// Symbols of functions that expose it by their signature.
    pub functions: BTreeSet<String>,
    /// Symbols of functions that name it, by their symbol or their signature, and can hold nothing of it: see `free.rs`.
    pub free: BTreeSet<String>,
}

impl CutNames {
    /// True if the function of this symbol handles what was cut.
    #[must_use]
    pub fn exposes(&self, symbol: &str) -> bool {
        self.exposes_path(symbol, &Self::path(symbol))
    }

    /// The same for a symbol whose [`path`](Self::path) is known.
    #[must_use]
    pub fn exposes_path(&self, symbol: &str, path: &str) -> bool {
        (self.functions.contains(symbol) || self.paths.stand_in(path))
            && !self.free.contains(symbol)
    }

    /// What a symbol stands for, as it is looked for among the paths.
    #[must_use]
    pub fn path(symbol: &str) -> String {
        names::instance(symbol)
    }

    /// How much there is: it never shrinks, so two that are equal say that nothing was added.
    fn size(&self) -> [usize; 3] {
        [self.paths.len(), self.types.len(), self.functions.len()]
    }
}

/// `app::f::{closure_env#0}<u32>::Suspend0` → `app::f::{closure_env#0}<u32>`; `None` for what is no environment and no part of
/// one.
fn whole_environment_of(type_name: &str) -> Option<String> {
    let mut whole = String::new();
    for segment in names::segments(type_name) {
        if !whole.is_empty() {
            whole.push_str("::");
        }
        whole.push_str(segment);
        if segment.starts_with('{') && segment.contains("_env#") {
            return Some(whole);
        }
    }
    None
}

/// The same without generic arguments: `app::f::{closure_env#0}`, which stands for all instances.
pub(super) fn environment_of(type_name: &str) -> Option<String> {
    let whole = whole_environment_of(type_name)?;
    let last = names::segments(&whole).pop()?.len();
    let end = whole.len() - last + whole[whole.len() - last..].find('}')?;
    Some(whole[..=end].to_owned())
}

/// The environment's type of a closure's or coroutine's function, all instances of it, and this one: scope `app::f`, name
/// `{closure#0}<u32>`.
fn environment_of_function(facts: &FunctionFacts) -> Option<(String, String)> {
    let inner = facts.name.strip_prefix('{')?;
    let (kind, rest) = inner.split_once('#')?;
    let (number, generics) = rest.split_once('}')?;
    let all = format!("{}::{{{kind}_env#{number}}}", facts.scope);
    let whole = format!("{all}{generics}");
    Some((all, whole))
}

/// A path up to the first part that is a closure or a coroutine.
fn outermost_function(path: &str) -> String {
    let segments = names::segments(path);
    let parts = segments
        .iter()
        .take_while(|segment| !segment.starts_with('{') || segment.starts_with("{impl#"))
        .copied()
        .collect::<Vec<_>>();
    parts.join("::")
}

impl Cut {
    /// The cut that the causes ask for; `None` when what one of them is about cannot be told apart in symbols.
    pub(super) fn new(old: &DebugFacts, new: &DebugFacts, causes: Vec<Cause>) -> Option<Self> {
        let mut cut = Self {
            names: CutNames::default(),
            strange: None,
            facts: Vec::new(),
            causes,
        };
        let facts = [old, new];
        let known = cut
            .causes
            .clone()
            .iter()
            .all(|cause| cut.add_subject(&facts, &cause.subject));
        known.then(|| {
            cut.grow(&facts);
            cut
        })
    }

    fn add_subject(&mut self, facts: &[&DebugFacts], subject: &Subject) -> bool {
        match subject {
            Subject::Environment(name) => environment_of(name)
                .is_some_and(|environment| self.add_environment(facts, &environment)),
            Subject::Functions(symbols) => {
                let mut found = false;
                for (symbol, function) in functions_of(facts, symbols) {
                    let Some((environment, _)) = environment_of_function(function) else {
                        return false;
                    };
                    self.names.paths.insert(CutNames::path(symbol));
                    self.names.types.insert(environment);
                    found = true;
                }
                found
            }
            Subject::All(symbols) => {
                let mut found = false;
                for (symbol, function) in functions_of(facts, symbols) {
                    let path = outermost_function(&CutNames::path(symbol));
                    let name = function.name.split('<').next().unwrap_or_default();
                    let scope = outermost_function(&format!("{}::{name}", function.scope));
                    if path.is_empty() || scope.is_empty() {
                        return false;
                    }
                    self.names.paths.insert(format!("{path}::{{"));
                    self.names.types.insert(format!("{scope}::{{"));
                    found = true;
                }
                found
            }
        }
    }

    /// True if the symbols of this environment's functions are known.
    fn add_environment(&mut self, facts: &[&DebugFacts], environment: &str) -> bool {
        self.names.types.insert(environment.to_owned());
        let paths: Vec<String> = facts
            .iter()
            .flat_map(|facts| &facts.functions)
            .filter(|(_, function)| {
                environment_of_function(function).is_some_and(|(all, _)| all == environment)
            })
            .map(|(symbol, _)| CutNames::path(symbol))
            .collect();
        let found = !paths.is_empty();
        self.names.paths.extend(paths);
        found
    }

    /// Adds what reaches the cut through fields, until nothing new is found, and the functions whose signature shows it.
    fn grow(&mut self, facts: &[&DebugFacts]) {
        self.grow_types(facts);
        if self.strange.is_some() {
            // Refused, however far it reaches.
            return;
        }
        let mut asked: HashMap<&str, bool> = HashMap::new();
        let mut paths: Vec<String> = Vec::new();
        let mut by_signature: Vec<String> = Vec::new();
        for (symbol, function) in facts.iter().flat_map(|facts| &facts.functions) {
            if environment_of_function(function).is_some_and(|(_, whole)| self.is_cut(&whole)) {
                paths.push(CutNames::path(symbol));
            }
            let mut types = function.parameters.iter().chain([&function.result]);
            if types.any(|name| {
                *asked
                    .entry(name)
                    .or_insert_with(|| self.names.types.stand_in(name))
            }) {
                by_signature.push(symbol.to_string());
            }
        }
        self.names.paths.extend(paths);
        self.names.functions.extend(by_signature);
    }

    /// Adds the environments that hold what is cut, by value and however deep. Each name is taken apart once.
    fn grow_types(&mut self, facts: &[&DebugFacts]) {
        let mut holders: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut mentioned_in: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut known: HashSet<&str> = HashSet::new();
        let mut note = |name| {
            if known.insert(name) {
                for environment in patterns::environments_in(name) {
                    mentioned_in.entry(environment).or_default().push(name);
                }
            }
        };
        for (name, shapes) in facts.iter().flat_map(|facts| &facts.types) {
            note(name);
            for member in shapes.iter().flat_map(by_value) {
                note(&member.type_name);
                holders.entry(&member.type_name).or_default().push(name);
            }
        }
        let hollow = |name: &str| is_hollow(facts.iter().copied(), name);
        let mut growth = Growth::default();
        let found: Vec<&str> = mentioned_in
            .keys()
            .filter(|environment| self.names.types.stand_in(environment))
            .copied()
            .collect();
        let mention = |environment: &str| mentioned_in.get(environment).into_iter().flatten();
        for environment in found {
            growth.add(environment, mention(environment), &hollow);
        }
        while let Some(name) = growth.left.pop() {
            for holder in holders.get(name).into_iter().flatten() {
                if !hollow(name) && hollow(holder) {
                    // Then this field has the size 0 as well: it is a function item, and no pointer.
                    continue;
                }
                if let Some(environment) = whole_environment_of(holder) {
                    if !self.is_cut(&environment) {
                        growth.add(&environment, mention(&environment), &hollow);
                        self.names.types.insert(environment);
                    }
                } else if !growth.exposing.contains(holder) {
                    self.strange.get_or_insert_with(|| (*holder).to_owned());
                    self.names.types.insert((*holder).to_owned());
                    return;
                } else if growth.queued.insert(holder) {
                    growth.left.push(holder);
                }
            }
        }
    }

    /// True if the environment of this name, with its generic arguments, is one of those that are cut.
    fn is_cut(&self, environment: &str) -> bool {
        let types = &self.names.types;
        types.contains(environment)
            || environment_of(environment).is_some_and(|all| types.contains(&all))
            || types
                .iter()
                .any(|pattern| pattern.ends_with('{') && environment.starts_with(pattern))
    }

    /// True if the function of this symbol handles what is cut.
    #[must_use]
    pub fn exposes(&self, symbol: &str) -> bool {
        self.names.exposes(symbol)
    }

    /// True if a type of this full name is cut, or holds something that is.
    #[must_use]
    pub fn exposes_type(&self, name: &str) -> bool {
        self.names.types.stand_in(name)
    }

    /// Learns from objects that are the same in both builds. Returns true if the cut reaches further than before.
    ///
    /// # Errors
    /// When the debug info of one cannot be read.
    pub fn learn(&mut self, objects: &[&[u8]]) -> Result<bool> {
        let before = self.names.size();
        let mut all = std::mem::take(&mut self.facts);
        all.push(Arc::new(DebugFacts::read(objects)?));
        self.grow(&all.iter().map(Arc::as_ref).collect::<Vec<_>>());
        self.facts = all;
        Ok(before != self.names.size())
    }

    /// The names that have two meanings from now on.
    #[must_use]
    pub fn names(&self) -> &CutNames {
        &self.names
    }

    /// What the report says of values that were made before.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = Vec::new();
        for cause in &self.causes {
            if !notes.contains(&cause.note) {
                notes.push(cause.note.clone());
            }
        }
        notes
    }

    /// Why the program is restarted when the two versions could meet: the edit's own reasons, each with `why`.
    #[must_use]
    pub fn refused(&self, why: &str) -> Vec<Reason> {
        refused(&self.causes, why)
    }

    /// The edit's own reasons, when it restarts for others as well.
    pub(super) fn into_reasons(self) -> Vec<Reason> {
        self.causes.into_iter().map(|cause| cause.reason).collect()
    }

    /// Keeps the facts of the objects that differ, for the checks.
    pub(super) fn with_facts(mut self, old: Arc<DebugFacts>, new: Arc<DebugFacts>) -> Self {
        self.facts = vec![new, old];
        self
    }

    /// What debug info says of a function, the new build first.
    fn facts_of(&self, symbol: &str) -> Option<&FunctionFacts> {
        self.facts
            .iter()
            .find_map(|facts| facts.functions.get(symbol))
    }
}

/// Which names of types were found to expose the cut, while it grows.
#[derive(Debug, Default)]
struct Growth<'n> {
    /// They mention a part of it.
    exposing: HashSet<&'n str>,
    /// They may hold a part of it, so that what has a field of the type does.
    queued: HashSet<&'n str>,
    /// Those of them whose holders were not looked at.
    left: Vec<&'n str>,
}

impl<'n> Growth<'n> {
    /// Adds the names that mention `environment`. What has the size 0 holds nothing of the cut, unless one of the cut is in it
    /// that has the size 0 itself.
    fn add<'i>(
        &mut self,
        environment: &str,
        mentioning: impl Iterator<Item = &'i &'n str>,
        hollow: &dyn Fn(&str) -> bool,
    ) where
        'n: 'i,
    {
        for name in mentioning {
            self.exposing.insert(name);
            let is_part = name
                .strip_prefix(environment)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
            if (is_part || !hollow(name)) && self.queued.insert(name) {
                self.left.push(name);
            }
        }
    }
}

/// All types of this name that are known, before and after the edit, have the size 0.
fn is_hollow<'f>(facts: impl IntoIterator<Item = &'f DebugFacts>, name: &str) -> bool {
    let mut shapes = facts
        .into_iter()
        .filter_map(|facts| facts.types.get(name))
        .flatten()
        .peekable();
    shapes.peek().is_some() && shapes.all(|shape| shape.size == Some(0))
}

fn functions_of<'f>(
    facts: &[&'f DebugFacts],
    symbols: &[Arc<str>],
) -> Vec<(&'f Arc<str>, &'f FunctionFacts)> {
    facts
        .iter()
        .flat_map(|facts| &facts.functions)
        .filter(|(symbol, _)| symbols.contains(symbol))
        .collect()
}

/// The reasons of causes, without a cut.
pub(super) fn refused(causes: &[Cause], why: &str) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    for cause in causes {
        let mut reason = cause.reason.clone();
        reason.message = format!("{}; {why}", reason.message);
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}
