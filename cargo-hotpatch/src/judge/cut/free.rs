//! Functions that name what is cut and can hold nothing of it.
//!
//! A web framework keeps a handler as a trait object: `Box<dyn Service>` of a `Wrapper<Handler, Future>`, where the first is a
//! function item and the second only says what the first returns. The method that is called through the vtable
//! names the future in its symbol. If that made it a member of the cut, its slot would keep the old code, and the
//! server would run the old handler until it ends.
//!
//! See the page of [`super`] for what makes such a function free, and for the checks.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::crossing::{Around, Check, indexes, is_drop_glue, is_raw, texts};
use super::{Cut, FunctionFacts, whole_environment_of};
use crate::judge::layout::by_value;
use crate::judge::names;

/// What tells how large a value of the cut is, or what it is: an old one has another size.
const TELLING: &[&str] = &[
    "core::mem::size_of",
    "core::mem::align_of",
    "core::mem::type_info",
    "core::alloc::layout::",
    "core::any::",
];

impl Cut {
    /// Lets those of `members` go that can hold nothing of the cut. `in_code` are the symbols that any code refers to, in the old
    /// build or the new: such a one goes on being called as the others of its version are, unless it belongs to a function item.
    pub fn free(&mut self, members: &BTreeSet<String>, in_code: &BTreeSet<String>) {
        if self.names.paths.iter().any(|path| path.ends_with('{')) {
            // Nobody can tell which of them is which, so the names that a type mentions say little.
            return;
        }
        let free: BTreeSet<String> = members
            .iter()
            .filter(|symbol| self.may_be_free(symbol, in_code.contains(*symbol)))
            .cloned()
            .collect();
        self.names.free.extend(free);
    }

    fn may_be_free(&self, symbol: &str, in_code: bool) -> bool {
        let of_item = is_method_of_item(symbol);
        if in_code && !of_item {
            return false;
        }
        let mut known = self
            .facts
            .iter()
            .filter_map(|facts| facts.functions.get(symbol))
            .peekable();
        known.peek().is_some() && known.all(|function| self.holds_nothing(function, of_item))
    }

    /// A method of a value of size 0, with nothing of the cut among its other parameters and in its result. `of_item` if what the
    /// symbol says of its receiver rules out a function pointer: debug info gives pointers and items one name.
    fn holds_nothing(&self, function: &FunctionFacts, of_item: bool) -> bool {
        let [receiver, others @ ..] = function.parameters.as_slice() else {
            return false;
        };
        let is_item = of_item
            && function.is_method
            && is_function_pointer(pointee(receiver).unwrap_or(receiver));
        let is_hollow = || pointee(receiver).is_some_and(|name| self.is_hollow(name));
        (is_item || is_hollow() || pointee(receiver).is_some() && !Check::State.is_on())
            && others
                .iter()
                .chain([&function.result])
                .all(|name| self.says_nothing(name))
    }

    /// A parameter or result of this type is nothing of the cut, and not the address of something.
    fn says_nothing(&self, name: &str) -> bool {
        !is_raw(name)
            && !is_function_pointer(name)
            && (!self.exposes_type(name) || self.is_hollow(pointee(name).unwrap_or(name)))
    }

    /// Values of this type hold nothing: they have the size 0, and nothing in them is one of the cut, which would know its own
    /// version by its type alone.
    fn is_hollow(&self, name: &str) -> bool {
        super::is_hollow(self.facts.iter().map(Arc::as_ref), name) && !self.has_cut_inside(name, 32)
    }

    fn has_cut_inside(&self, name: &str, depth: u8) -> bool {
        let is_cut = |name| whole_environment_of(name).is_some_and(|whole| self.is_cut(&whole));
        depth == 0
            || is_cut(name)
            || self
                .facts
                .iter()
                .filter_map(|facts| facts.types.get(name))
                .flatten()
                .flat_map(by_value)
                .any(|member| self.has_cut_inside(&member.type_name, depth - 1))
    }

    /// True if a value of the cut comes into the function with its parameters. What does not tell its parameters is made by the
    /// compiler.
    #[must_use]
    pub fn is_given_one(&self, symbol: &str) -> bool {
        if is_drop_glue(symbol) {
            return true;
        }
        self.facts
            .iter()
            .filter_map(|facts| facts.functions.get(symbol))
            .flat_map(|function| &function.parameters)
            .any(|name| self.exposes_type(name) && !self.is_hollow(pointee(name).unwrap_or(name)))
    }

    /// Looks at those functions of the cut with which a free function makes its values.
    pub(super) fn makers(
        &self,
        around: &Around<'_>,
        read: &dyn Fn(&str) -> Option<String>,
    ) -> Option<String> {
        let ours = around
            .makers
            .keys()
            .filter(|symbol| !self.is_of_std(symbol))
            .filter_map(|symbol| self.facts_of(symbol));
        let texts = texts(ours, read);
        let indexes = indexes(&texts);
        for (symbol, referring) in around.makers {
            let path = names::canonical(symbol);
            if self.is_of_std(symbol) {
                let by_others = || referring.iter().any(|symbol| !self.is_of_std(symbol));
                if TELLING.iter().any(|telling| path.starts_with(telling)) && by_others() {
                    return Some(format!(
                        "code that old and new values share asks for their layout (`{path}`)"
                    ));
                }
                continue;
            }
            // Without debug info it is the compiler's, and does with its parameters what the type says.
            let Some(facts) = self.facts_of(symbol) else {
                continue;
            };
            let mut types = facts.parameters.iter().chain([&facts.result]);
            if let Some(raw) = types.find(|name| is_raw(name) || is_function_pointer(name)) {
                return Some(format!(
                    "`{path}` is shared by the old and the new, and has a `{raw}` in its signature"
                ));
            }
            if self.contains_unsafe(symbol, facts, &indexes, around.macros) != Some(false) {
                return Some(format!(
                    "`{path}` makes the new ones, and contains `unsafe` (or its source was not found)"
                ));
            }
        }
        None
    }

    /// True if the standard library defines the function. Its generic code does what its types say, and is trusted to.
    fn is_of_std(&self, symbol: &str) -> bool {
        let path = self
            .facts_of(symbol)
            .map_or_else(|| names::canonical(symbol), |facts| facts.scope.to_string());
        ["core::", "alloc::", "std::"]
            .iter()
            .any(|name| path.starts_with(name))
    }

    /// A parameter that debug info does not tell of could be one of the cut, which is dropped in the end. (Of one that is called `_`
    /// rustc 1.95 tells; nothing promises that.)
    pub(super) fn parameters(
        &self,
        around: &Around<'_>,
        read: &dyn Fn(&str) -> Option<String>,
    ) -> Option<String> {
        let texts = texts(
            around
                .free
                .iter()
                .filter_map(|symbol| self.facts_of(symbol)),
            read,
        );
        let indexes = indexes(&texts);
        around.free.iter().find_map(|symbol| {
            let facts = self.facts_of(symbol)?;
            let known = facts.parameters.len();
            let all = self
                .text_of(symbol, facts, &indexes)
                .and_then(|text| text.inputs);
            (all != Some(known)).then(|| {
                format!(
                    "it is not certain what `{}` takes",
                    names::canonical(symbol)
                )
            })
        })
    }
}

/// True for a method whose receiver has a path for a type, and is no pointer: `<app::handler as axum::Handler<()>>::call`.
fn is_method_of_item(symbol: &str) -> bool {
    let path = names::canonical(symbol);
    let Some(receiver) = path.strip_prefix('<') else {
        return false;
    };
    let first = receiver
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .next()
        .unwrap_or_default();
    receiver[first.len()..].starts_with("::")
}

fn pointee(name: &str) -> Option<&str> {
    name.strip_prefix("&mut ")
        .or_else(|| name.strip_prefix('&'))
}

fn is_function_pointer(name: &str) -> bool {
    ["fn(", "unsafe fn(", "extern ", "unsafe extern "]
        .iter()
        .any(|beginning| name.starts_with(beginning))
}
