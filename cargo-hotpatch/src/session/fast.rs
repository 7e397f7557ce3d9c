//! The fast way: from the objects of a shadow to what has to be replaced in the program.
//!
//! Of the shadow only the edited functions count, and what names their closures; everything else is unedited, and what the
//! program has of it stays. Whatever is not certain goes the full way, which follows in any case: until it has, the state of
//! before the first fast patch is kept at hand ([`Unconfirmed`]).

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::{Context, Result};

use super::case::case;
use super::decide::{Environment, Replacement, SourceChange, milliseconds, named, parse};
use super::objects::{ChangedObjects, Files, Reference};
use crate::capture::record::{ObjectRef, UnitKey};
use crate::diff::pairing::canonical;
use crate::diff::{self, Change, Difference, Scope};
use crate::event::Timings;
use crate::judge::{self, Departed, NoMemory};
use crate::link::live::Snapshot;
use crate::link::{Live, OldNames, Store};
use crate::object::read::{ObjectFile, Place};
use crate::object::target::{SymbolsBySection, Target};
use crate::shadow::tree::Function;
use crate::shadow::{ROOT, removed_functions};

/// What each function is that fast patches have put into the program, by its symbol.
pub type Fingerprints = HashMap<String, [u8; 32]>;

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
}

/// What fast patches would do, or why it is left to the full way.
pub type FastDecision<'f> = Result<(Replacement<'f>, Fingerprints), String>;

/// Decides what the edited functions of a shadow come to.
///
/// # Errors
/// What is broken.
pub fn decide<'f>(
    live: &Live,
    shadow: &Shadow<'_>,
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
    let files = &*files;
    let identifiers: BTreeSet<&str> = shadow.roots.iter().map(|(_, name)| name.as_str()).collect();
    // Symbols write an identifier behind its length; other alphabets are written otherwise.
    if !identifiers.iter().all(|name| name.is_ascii()) {
        return Ok(Err("an identifier is not ASCII".to_owned()));
    }
    let spelled: Vec<String> = identifiers
        .iter()
        .map(|name| format!("{}{}{name}", name.len(), separator(name)))
        .collect();
    let may_be = |symbol: &str| spelled.iter().any(|part| symbol.contains(part.as_str()));

    let new_files = parse(files, shadow.objects.iter())?;
    let Some(edited) = edited_symbols(shadow, &new_files)? else {
        return Ok(Err("not all edited functions are in the shadow".to_owned()));
    };
    let paths: Vec<String> = edited.iter().map(|symbol| canonical(symbol)).collect();
    let inside: Vec<String> = paths.iter().map(|path| format!("{path}::")).collect();
    let is_of = |symbol: &str| {
        may_be(symbol) && {
            let path = canonical(symbol);
            paths.contains(&path) || inside.iter().any(|inside| path.contains(inside.as_str()))
        }
    };
    let old_files = parse(files, old_objects.iter())?;
    let mut removed: HashSet<&str> = HashSet::new();
    for (_, file) in &new_files {
        removed.extend(
            removed_functions(file)?
                .into_iter()
                .map(|symbol| file.symbols[symbol].name),
        );
    }
    if shadow.may_be_elsewhere {
        let own: HashSet<&str> = old_files.iter().flat_map(functions_of).collect();
        if live.ever_had(&|symbol| is_of(symbol) && !own.contains(symbol)) {
            return Ok(Err(
                "another crate has compiled an edited function for itself".to_owned(),
            ));
        }
    }
    let wanted = |symbol: &str| is_of(symbol) && !removed.contains(symbol);
    if edited.iter().any(|symbol| removed.contains(*symbol)) {
        return Ok(Err(
            "an edited function needs a body that is not there".to_owned()
        ));
    }
    if [&old_files, &new_files]
        .iter()
        .any(|side| has_statics(side, &is_of))
    {
        return Ok(Err("an edited function holds statics".to_owned()));
    }
    let (old_concerned, old) = concerned(old_objects, old_files, &wanted);
    let (new_concerned, new) = concerned(shadow.objects, new_files, &wanted);
    let objects = ChangedObjects {
        old: old_concerned,
        new: new_concerned,
    };
    let changed = [(shadow.unit.clone(), objects)];
    let [(_, objects)] = &changed;
    let scope = Scope {
        wanted: Some(&wanted),
        fingerprinted: &wanted,
    };
    let difference = diff::diff_among(&named(&old), &named(&new), scope)?;
    timings.diff += milliseconds(started);
    if let Some(why) = unsuited(&difference) {
        return Ok(Err(why));
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
    let rest: Vec<ObjectRef> = shadow
        .objects
        .iter()
        .filter(|one| !objects.new.contains(one))
        .chain(reference.values().flatten())
        .cloned()
        .collect();
    let rest = move || rest.iter().map(|object| files.source(object)).collect();
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
    let mut replacements = Vec::new();
    let mut fingerprints = Fingerprints::new();
    for (old, new) in &difference.paired {
        let symbol = new.key.name.as_str();
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
        refreshed,
        cut: None,
        store,
        notes,
        departed: Departed::default(),
    };
    Ok(Ok((replacement, fingerprints)))
}

/// Those objects that define a function which is `wanted`, each beside what was parsed of it.
fn concerned<'p>(
    objects: &[ObjectRef],
    parsed: Vec<(&'p str, ObjectFile<'p>)>,
    wanted: &dyn Fn(&str) -> bool,
) -> (Vec<ObjectRef>, Vec<(&'p str, ObjectFile<'p>)>) {
    let defines = |file: &ObjectFile<'_>| {
        file.functions()
            .any(|(symbol, _)| wanted(file.symbols[symbol].name))
    };
    objects
        .iter()
        .cloned()
        .zip(parsed)
        .filter(|(_, (_, file))| defines(file))
        .unzip()
}

/// In symbols, an identifier that begins with a digit or an underscore is set off from its length.
fn separator(identifier: &str) -> &'static str {
    match identifier.bytes().next() {
        Some(b'0'..=b'9' | b'_') => "_",
        _ => "",
    }
}

/// The symbols that the statics of a shadow name; `None` when one is missing.
fn edited_symbols<'f>(
    shadow: &Shadow<'_>,
    files: &[(&str, ObjectFile<'f>)],
) -> Result<Option<HashSet<&'f str>>> {
    let mut found: HashMap<usize, &str> = HashMap::new();
    for (_, file) in files {
        let mut roots = file
            .symbols
            .iter()
            .filter(|symbol| symbol.name.contains(ROOT))
            .filter_map(|symbol| Some((symbol, symbol.section()?)))
            .peekable();
        if roots.peek().is_none() {
            continue;
        }
        let by_section = SymbolsBySection::new(file);
        for (root, section) in roots {
            let number = root
                .name
                .rsplit(ROOT)
                .next()
                .map(|rest| rest.chars().take_while(char::is_ascii_digit))
                .and_then(|digits| digits.collect::<String>().parse().ok());
            let target = file
                .relocations(section)?
                .into_iter()
                .find(|relocation| relocation.offset == root.value)
                .map(|relocation| by_section.target(file, &relocation));
            if let (Some(number), Some(Target::Named { symbol, addend: 0 })) = (number, target) {
                found.insert(number, file.symbols[symbol].name);
            }
        }
    }
    Ok(shadow
        .roots
        .iter()
        .map(|(number, _)| found.get(number).copied())
        .collect())
}

/// The symbols of an object's functions.
fn functions_of<'f>((_, file): &(&str, ObjectFile<'f>)) -> Vec<&'f str> {
    let functions = file.functions();
    functions
        .map(|(symbol, _)| file.symbols[symbol].name)
        .collect()
}

/// True if something of these names is no function.
fn has_statics(files: &[(&str, ObjectFile<'_>)], is_of: &dyn Fn(&str) -> bool) -> bool {
    let functions: HashSet<&str> = files.iter().flat_map(functions_of).collect();
    files.iter().any(|(_, file)| {
        file.symbols.iter().any(|symbol| {
            let is_named = symbol.place == Place::Undefined || symbol.section().is_some();
            is_named
                && !symbol.is_function()
                && !symbol.name.starts_with('.')
                && !symbol.name.contains(ROOT)
                && is_of(symbol.name)
                && !functions.contains(symbol.name)
        })
    })
}

/// Why the full way has to look at this.
fn unsuited(difference: &Difference) -> Option<String> {
    if let Some(doubt) = difference.doubts.first() {
        return Some(doubt.to_string());
    }
    difference
        .paired
        .iter()
        .find(|(old, new)| old.name != new.key.name)
        .map(|(old, _)| format!("`{}` got another number", canonical(&old.name)))
}
