//! The fast way: from the objects of a shadow to what has to be replaced in the program.
//!
//! Of the shadow only the edited functions count, and what names their closures; everything else is unedited, and what the
//! program has of it stays. Whatever is not certain goes the full way, which follows in any case: until it has, the state of
//! before the first fast patch is kept at hand ([`Unconfirmed`]).

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use anyhow::{Context, Result};

use super::allocator;
use super::case::case;
use super::decide::{Build, Environment, Replacement, SourceChange, milliseconds, named, parse};
use super::objects::{ChangedObjects, Files, Reference, Rest};
use super::obtains;
use super::outline::{Outline, Outlined};
use super::users::Spared;
use crate::capture::record::{ObjectRef, UnitKey};
use crate::diff::pairing::canonical;
use crate::diff::{self, Change, Difference, Fingerprint, Scope};
use crate::event::Timings;
use crate::judge::{self, Departed, NoMemory};
use crate::link::live::Snapshot;
use crate::link::{Live, OldNames, Store};
use crate::shadow::ROOT;
use crate::shadow::tree::Function;

/// What each function is that fast patches have put into the program, by its symbol.
pub type Fingerprints = HashMap<String, Fingerprint>;

/// Fast patches that the full way has not confirmed yet.
#[derive(Debug)]
pub struct Unconfirmed {
    /// The unit that they are of.
    pub unit: UnitKey,
    /// What the program has.
    pub fingerprints: Fingerprints,
    /// What is known of the program without them.
    pub before: Snapshot,
    /// The functions that they are of.
    pub functions: Vec<Function>,
    /// The number of the newest.
    pub patch: u64,
}

/// A shadow that was compiled.
#[derive(Debug)]
pub struct Shadow<'e> {
    /// The objects of what runs, below all fast patches.
    pub reference: &'e Reference,
    /// The files that differ from it.
    pub sources: &'e [SourceChange],
    /// The unit.
    pub unit: &'e UnitKey,
    /// Its objects.
    pub objects: &'e [ObjectRef],
    /// For each function that is edited, or was by an unconfirmed patch: the number of its static, and its identifier.
    pub roots: &'e [(usize, String)],
    /// Another crate may have compiled one of them for itself.
    pub may_be_elsewhere: bool,
    /// One of them calls a macro of which it is not known what it hides.
    pub calls_macros: bool,
}

/// What fast patches would do, or why it is left to the full way.
pub type FastDecision<'f> = Result<(Replacement<'f>, Fingerprints), String>;

/// Decides what the edited functions of a shadow come to.
///
/// # Errors
/// What is broken.
pub fn decide<'f>(
    live: &Live,
    shadow: &Shadow<'f>,
    unconfirmed: Option<&Unconfirmed>,
    files: &'f mut Files,
    context: &Environment<'f>,
    timings: &mut Timings,
) -> Result<FastDecision<'f>> {
    let started = std::time::Instant::now();
    let reference = shadow.reference;
    let old_objects = reference
        .get(shadow.unit)
        .map(Vec::as_slice)
        .unwrap_or_default();
    files.add(reference.values().flatten());
    files.add(shadow.objects);
    files.keep_beside(shadow.objects);
    let files = &*files;
    let identifiers: BTreeSet<&str> = shadow.roots.iter().map(|(_, name)| name.as_str()).collect();
    // Symbols write an identifier behind its length; other alphabets are written otherwise.
    if !identifiers.iter().all(|name| name.is_ascii()) {
        return Ok(Err("an identifier is not ASCII".to_owned()));
    }
    let new_outlines = outlines(files, shadow.objects)?;
    let Some(edited) = edited_symbols(shadow, &new_outlines) else {
        return Ok(Err("not all edited functions are in the shadow".to_owned()));
    };
    let names = Names::of(&identifiers, &edited)?;
    let is_of = |symbol: &str| names.is_of(symbol);
    let old_outlines = outlines(files, old_objects)?;
    let removed: HashSet<&str> = new_outlines
        .iter()
        .flat_map(|outline| outline.removed())
        .collect();
    let wanted = |symbol: &str| is_of(symbol) && !removed.contains(symbol);
    if edited.iter().any(|symbol| removed.contains(*symbol)) {
        return Ok(Err(
            "an edited function needs a body that is not there".to_owned()
        ));
    }
    let old_spelled = spelled(&old_outlines, &names);
    let new_spelled = spelled(&new_outlines, &names);
    if [&old_spelled, &new_spelled]
        .iter()
        .any(|side| has_statics(side, &names))
    {
        return Ok(Err("an edited function holds statics".to_owned()));
    }
    if [&old_spelled, &new_spelled]
        .iter()
        .any(|side| defined_functions(side).any(|symbol| names.has_item(symbol)))
    {
        return Ok(Err(
            "a macro puts items into an edited function, and these may have changed places"
                .to_owned(),
        ));
    }
    if shadow.may_be_elsewhere {
        let own: HashSet<&str> = defined_functions(&old_spelled).collect();
        if live.ever_had(&|symbol| is_of(symbol) && !own.contains(symbol)) {
            return Ok(Err(
                "another crate has compiled an edited function for itself".to_owned(),
            ));
        }
    }
    let objects = ChangedObjects {
        old: concerned(old_objects, &old_spelled, &wanted),
        new: concerned(shadow.objects, &new_spelled, &wanted),
    };
    let changed = [(shadow.unit.clone(), objects)];
    let [(_, objects)] = &changed;
    let old = parse(files, objects.old.iter())?;
    let new = parse(files, objects.new.iter())?;
    let scope = Scope {
        wanted: Some(&wanted),
        fingerprinted: &wanted,
        ..Scope::default()
    };
    let difference = diff::diff_among(&named(&old), &named(&new), scope)?;
    timings.diff += milliseconds(started);
    if let Some(why) = unsuited(&difference) {
        return Ok(Err(why));
    }
    let code = (old.as_slice(), new.as_slice());
    if let Some(why) = obtains::other_type(&difference, code, context.policy, shadow.calls_macros)?
    {
        return Ok(Err(why));
    }
    let of_program = difference.changed.iter().map(|one| one.old.name.as_str());
    if let Some(reason) = allocator::change(live, files, reference, context.policy, of_program)? {
        return Ok(Err(reason.to_string()));
    }

    let started = std::time::Instant::now();
    let mut notes = Vec::new();
    let is_alone = difference
        .paired
        .iter()
        .map(|(_, new)| new.key.name.as_str())
        .chain(difference.added.iter().map(|new| new.key.name.as_str()))
        .chain(difference.removed.iter().map(|old| old.name.as_str()))
        .all(|symbol| edited.contains(symbol));
    // Without closures there is nothing in a body that outlives it, and the headers are equal token by token.
    if !is_alone {
        let mut case = case(
            live,
            &difference,
            difference.changed.iter(),
            &changed,
            files,
            shadow.sources,
            context,
        )?;
        case.confined_to = Some(identifiers.iter().map(|name| (*name).to_owned()).collect());
        let verdict = judge::judge_with(&case, live.departed(), &NoMemory)
            .context("cannot judge the edit")?;
        if let Some(reason) = verdict.restart.first() {
            return Ok(Err(reason.to_string()));
        }
        if !verdict.renew.is_empty() || !verdict.carry.is_empty() || verdict.cut.is_some() {
            return Ok(Err(
                "old and new versions have to live side by side".to_owned()
            ));
        }
        notes = verdict.notes;
    }
    timings.judge += milliseconds(started);

    let started = std::time::Instant::now();
    // Behind the objects that were compared come the rest of the shadow, then the program's own.
    let others: Vec<&ObjectRef> = shadow
        .objects
        .iter()
        .filter(|one| !objects.new.contains(one))
        .chain(reference.values().flatten())
        .collect();
    // What a shadow has besides is the program's as well.
    let build = Build {
        files,
        fresh: objects.new.clone(),
        others: reference.values().flatten().collect(),
    };
    let rest = Rest {
        files,
        objects: others,
        outlined: true,
    };
    let mut store = Store::new(Box::new(rest), context.libraries);
    for object in &objects.new {
        store.add(&files.source(object)?, true)?;
    }
    let known = |symbol: &str| unconfirmed.and_then(|it| it.fingerprints.get(symbol));
    let differs: HashSet<&str> = difference
        .changed
        .iter()
        .map(|function| function.new.key.name.as_str())
        .collect();
    // Code of other crates that was made for a closure of an edited function: the closure's type is what it was, or the judge would
    // have said so, and no body that was edited is compiled into it. It may only call in another form here, where fewer
    // functions are in an object (tried: `call f` and `call *f@GOTPCREL`, which has one byte more).
    let cannot_differ = |symbol: &str| context.policy.is_foreign(symbol);
    let mut replacements = Vec::new();
    let mut fingerprints = Fingerprints::new();
    for (old, new) in &difference.paired {
        let symbol = new.key.name.as_str();
        if cannot_differ(symbol) && known(symbol).is_none() {
            continue;
        }
        let Some(now) = difference.fingerprints.get(symbol) else {
            continue;
        };
        let is_new = match known(symbol) {
            Some(before) => before != now,
            None => differs.contains(symbol),
        };
        let object = old.object.as_deref().unwrap_or("");
        let is_live = !matches!(live.function(&old.name, object), Ok(None));
        if is_live && (is_new || known(symbol).is_some()) {
            fingerprints.insert(symbol.to_owned(), *now);
        }
        if is_new && is_live {
            replacements.push((old.clone(), new.clone()));
        }
    }
    // What an earlier fast patch has brought is replaced as well; what is new altogether comes along where it is needed.
    for new in &difference.added {
        let symbol = new.key.name.as_str();
        let Some(now) = difference.fingerprints.get(symbol) else {
            continue;
        };
        if known(symbol).is_some_and(|before| before != now) {
            replacements.push((new.key.clone(), new.clone()));
        }
        fingerprints.insert(symbol.to_owned(), *now);
    }
    let refreshed = difference
        .changed
        .iter()
        .filter(|function| function.change == Change::LinesOnly)
        .map(|function| function.new.key.name.clone())
        // Back to what it was is a change all the same.
        .filter(|symbol| known(symbol).is_none())
        .collect();
    timings.link += milliseconds(started);
    let replacement = Replacement {
        difference,
        names: OldNames::default(),
        replacements,
        renewed: Vec::new(),
        spared: Spared::default(),
        refreshed,
        cut: None,
        store,
        build,
        notes,
        departed: Departed::default(),
    };
    Ok(Ok((replacement, fingerprints)))
}

/// How symbols name the edited functions and what is inside of them.
struct Names {
    /// The identifiers, as symbols write them.
    spelled: AhoCorasick,
    paths: HashSet<String>,
    inside: Vec<String>,
    /// What was asked before: one name stands in many objects.
    known: RefCell<HashMap<String, bool>>,
}

impl Names {
    fn of(identifiers: &BTreeSet<&str>, edited: &HashSet<&str>) -> Result<Self> {
        let spelled = identifiers
            .iter()
            .map(|name| format!("{}{}{name}", name.len(), separator(name)));
        let paths: HashSet<String> = edited.iter().map(|symbol| canonical(symbol)).collect();
        Ok(Self {
            spelled: AhoCorasick::new(spelled).context("too many edited functions")?,
            inside: paths.iter().map(|path| format!("{path}::")).collect(),
            paths,
            known: RefCell::default(),
        })
    }

    fn is_of(&self, symbol: &str) -> bool {
        if !self.spelled.is_match(symbol) {
            return false;
        }
        if let Some(known) = self.known.borrow().get(symbol) {
            return *known;
        }
        let path = canonical(symbol);
        let mut inside = self.inside.iter();
        let is_of = self.paths.contains(&path) || inside.any(|inside| path.contains(inside));
        self.known.borrow_mut().insert(symbol.to_owned(), is_of);
        is_of
    }

    /// True if the symbol names an item inside of an edited function: anything but a closure.
    fn has_item(&self, symbol: &str) -> bool {
        if !self.is_of(symbol) {
            return false;
        }
        let path = canonical(symbol);
        self.inside.iter().any(|inside| {
            let mut places = path.match_indices(inside.as_str());
            places.any(|(at, _)| !path[at + inside.len()..].starts_with('{'))
        })
    }
}

fn outlines(files: &Files, objects: &[ObjectRef]) -> Result<Vec<Arc<Outline>>> {
    objects.iter().map(|object| files.outline(object)).collect()
}

/// For each object, what may be of the edited functions: nothing else needs a look.
fn spelled<'o>(outlines: &'o [Arc<Outline>], names: &Names) -> Vec<Vec<Outlined<'o>>> {
    outlines
        .iter()
        .map(|outline| outline.containing(&names.spelled).collect())
        .collect()
}

/// Those objects that define a function which is `wanted`.
fn concerned(
    objects: &[ObjectRef],
    spelled: &[Vec<Outlined<'_>>],
    wanted: &dyn Fn(&str) -> bool,
) -> Vec<ObjectRef> {
    objects
        .iter()
        .zip(spelled)
        .filter(|(_, symbols)| {
            symbols
                .iter()
                .any(|symbol| symbol.is_defined_function() && wanted(symbol.name))
        })
        .map(|(object, _)| object.clone())
        .collect()
}

/// In symbols, an identifier that begins with a digit or an underscore is set off from its length.
fn separator(identifier: &str) -> &'static str {
    match identifier.bytes().next() {
        Some(b'0'..=b'9' | b'_') => "_",
        _ => "",
    }
}

/// The symbols that the statics of a shadow name; `None` when one is missing.
fn edited_symbols<'o>(
    shadow: &Shadow<'_>,
    outlines: &'o [Arc<Outline>],
) -> Option<HashSet<&'o str>> {
    let found: HashMap<usize, &str> = outlines
        .iter()
        .flat_map(|outline| outline.roots())
        .collect();
    shadow
        .roots
        .iter()
        .map(|(number, _)| found.get(number).copied())
        .collect()
}

fn defined_functions<'o>(spelled: &[Vec<Outlined<'o>>]) -> impl Iterator<Item = &'o str> {
    let symbols = spelled.iter().flatten();
    symbols
        .filter(|symbol| symbol.is_defined_function())
        .map(|symbol| symbol.name)
}

/// True if something of these names is no function.
fn has_statics(spelled: &[Vec<Outlined<'_>>], names: &Names) -> bool {
    let functions: HashSet<&str> = defined_functions(spelled).collect();
    spelled.iter().flatten().any(|symbol| {
        symbol.is_placed()
            && !symbol.is_function()
            && !symbol.name.starts_with('.')
            && !symbol.name.contains(ROOT)
            && !functions.contains(symbol.name)
            && names.is_of(symbol.name)
    })
}

/// Why the full way has to look at this.
fn unsuited(difference: &Difference) -> Option<String> {
    if let Some(doubt) = difference.doubts.first() {
        return Some(doubt.to_string());
    }
    if let Some(doubt) = difference.exchanged.first() {
        return Some(judge::exchange_reason(doubt).to_string());
    }
    // Undoing a fast patch brings no old value back.
    if let Some(name) = difference.rewritten.keys().next() {
        return Some(format!("`{}` has a new value", judge::static_path(name)));
    }
    difference
        .paired
        .iter()
        .find(|(old, new)| old.name != new.key.name)
        .map(|(old, _)| format!("`{}` got another number", canonical(&old.name)))
}
