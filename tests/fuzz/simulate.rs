//! [`Simulation`]: what a program under the tool has to print at the next tick, from what it is now and what it was.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Item, Kind, Part, Program, Ty};
use crate::more;
use crate::render::{self, Files};

/// What may stand behind a key: one text, or one of several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    /// What the newest code prints.
    pub(crate) newest: Vec<String>,
    /// What is right as well, by the tool's rules: what older closures, futures and objects of removed types print.
    pub(crate) older: Vec<String>,
    /// Right only if the outcome, or something after it, has told that the edit does not show.
    pub(crate) if_told: Vec<String>,
    /// Whether nobody can say what is right.
    pub(crate) is_open: bool,
    pub(crate) item: u32,
}

/// Stands for a key that is not in the answer.
const NOTHING: &str = "nothing";

/// What a program answers: key and text.
pub(crate) type Answer = BTreeMap<String, String>;

/// Reads a line that the program printed; its first part only says that it is an answer.
pub(crate) fn parse_answer(line: &str) -> Answer {
    line.split(" ; ")
        .skip(1)
        .filter_map(|part| {
            let end = part.find(['=', '>'])?;
            // What is kept has keys of its own.
            let key = if part[end..].starts_with('>') {
                format!("{}>", &part[..end])
            } else {
                part[..end].to_owned()
            };
            Some((key, part[end + 1..].to_owned()))
        })
        .collect()
}

/// Something that the program made and keeps.
#[derive(Debug, Clone)]
struct Kept {
    item: u32,
    kind: Kind,
    /// The type, the order and the place of its item when it was made.
    made_as: (Ty, u8, Option<(usize, u8)>),
    /// What it prints with each version of its code, the newest at the end; `{n}` stands for the number of ticks.
    texts: Vec<String>,
    /// Whether its code may be any of them.
    may_be_old: bool,
    ticks: u32,
}

/// Where the definition of an item and what refers to it stand, and its name.
type Place = (Option<usize>, Option<usize>, u8);

fn place_of(program: &Program, id: u32, item: &Item) -> (Place, Ty) {
    let module = |part| program.module_of(id, part);
    let ty = match item.kind {
        // What its length is, is its type.
        Kind::Sized => Ty::ALL[usize::from(item.order) % Ty::ALL.len()],
        _ => item.ty,
    };
    ((module(Part::Def), module(Part::Via), item.name), ty)
}

/// The state of one process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Simulation {
    kept: BTreeMap<String, Kept>,
    /// How often each list has grown.
    lists: BTreeMap<String, u32>,
    /// What was stored once.
    stored: BTreeMap<u32, u32>,
    /// Where the immutable statics were when their address was taken.
    addresses: BTreeMap<u32, (usize, u8)>,
    moved: BTreeSet<u32>,
    /// Place and type of each list when it was first used.
    list_places: BTreeMap<u32, (Place, Ty)>,
    /// Lists of which nobody can say whether they are the same: their place and their type became others at once.
    open: BTreeSet<u32>,
    /// What the frame of `main` may still print.
    frames: BTreeMap<u32, Vec<u32>>,
    /// Items of that kind that the frame of `main` may not know, since it began before them.
    later_frames: BTreeSet<u32>,
    is_started: bool,
    /// Initial values of thread-locals, and numbers of traits' methods, since the start.
    initial: BTreeMap<u32, Vec<u32>>,
}

impl Simulation {
    /// Follows the program to its next version. Called for the first one as well.
    pub(crate) fn apply(&mut self, program: &Program) {
        for (key, kept) in &mut self.kept {
            let now = program
                .items
                .get(&kept.item)
                .and_then(|item| Some((item, text_of_kept(kept.item, item, key)?)));
            let Some((item, text)) = now else {
                kept.may_be_old = true;
                continue;
            };
            let made_as = made_as(program, kept.item, item, key);
            if kept.made_as.0 == made_as.0 {
                kept.texts.retain(|old| *old != text);
                kept.texts.push(text);
            }
            // Its item is called otherwise, or made otherwise, than when this was made.
            kept.may_be_old |= kept.made_as != made_as;
        }
        for (id, (place, ty)) in &mut self.list_places {
            let Some(item) = program.items.get(id) else {
                continue;
            };
            let (now, ty_now) = place_of(program, *id, item);
            let is_other_type = match item.kind {
                // The type is what is defined.
                Kind::Fields => (now.0, now.2) != (place.0, place.2) && now.1 != place.1,
                _ => ty_now != *ty && now != *place,
            };
            if is_other_type {
                self.open.insert(*id);
            }
            (*place, *ty) = (now, ty_now);
        }
        for (id, home) in &self.addresses {
            if program.home(*id) != Some(*home) {
                self.moved.insert(*id);
            }
        }
        for (id, item) in &program.items {
            if self.is_started && item.kind == Kind::Frame && !self.frames.contains_key(id) {
                self.later_frames.insert(*id);
            }
            let seen = match item.kind {
                Kind::Frame => self.frames.entry(*id).or_default(),
                Kind::TlConst | Kind::DynTrait => self.initial.entry(*id).or_default(),
                _ => continue,
            };
            seen.retain(|k| *k != item.k);
            seen.push(item.k);
        }
        self.is_started = true;
    }

    /// What one tick prints.
    pub(crate) fn tick(&mut self, program: &Program, files: &Files) -> BTreeMap<String, Expected> {
        let mut expected = BTreeMap::new();
        for (id, item) in &program.items {
            self.probe(program, files, *id, item, &mut expected);
        }
        for (id, numbers) in &self.frames {
            if !program.items.contains_key(id) {
                let line = Expected {
                    newest: vec![NOTHING.to_owned()],
                    if_told: strings(Some(numbers)),
                    item: *id,
                    ..Expected::default()
                };
                expected.insert(format!("i{id}"), line);
            }
        }
        for (key, kept) in &mut self.kept {
            kept.ticks += 1;
            let mut texts: Vec<String> = kept
                .texts
                .iter()
                .map(|text| text.replace("{n}", &kept.ticks.to_string()))
                .collect();
            let newest = texts.pop().into_iter().collect();
            let is_cut = match kept.kind {
                Kind::Closures | Kind::Async => true,
                Kind::Handler => key.ends_with(".c"),
                _ => false,
            };
            let (mut older, mut if_told) = (Vec::new(), Vec::new());
            if kept.may_be_old || is_cut {
                older = texts;
            } else if kept.kind == Kind::Thread {
                // What is compiled into a loop that runs stays there.
                if_told = texts;
            }
            let expectation = Expected {
                newest,
                older,
                if_told,
                is_open: false,
                item: kept.item,
            };
            expected.insert(format!("{key}>"), expectation);
        }
        expected
    }

    fn probe(
        &mut self,
        program: &Program,
        files: &Files,
        id: u32,
        item: &Item,
        expected: &mut BTreeMap<String, Expected>,
    ) {
        let key = format!("i{id}");
        let mut line = Expected {
            item: id,
            ..Expected::default()
        };
        let k = item.k;
        match item.kind {
            Kind::Block
            | Kind::Named
            | Kind::EnumVal
            | Kind::Closures
            | Kind::LocalFns
            | Kind::LocalTypes
            | Kind::FnPtr
            | Kind::Thread
            | Kind::Handler
            | Kind::Async => return self.keep(program, id, item),
            Kind::LocalStatics => {
                for sub in &item.subs {
                    let key = format!("{key}.{}", sub.id);
                    let text = self.list(&key, sub.k, sub.ty, sub.tag(id));
                    let line = Expected {
                        newest: vec![text],
                        item: id,
                        ..Expected::default()
                    };
                    expected.insert(key, line);
                }
                return;
            }
            Kind::State if item.style == 6 => {
                let n = self.lists.entry(key.clone()).or_insert(0);
                line.newest = vec![format!("{k} {}", id * 1000 + *n)];
                *n += 1;
            }
            Kind::State => line.newest = vec![self.list(&key, k, item.ty, id)],
            Kind::Imm => {
                let home = program.home(id).unwrap_or_default();
                let first = *self.addresses.entry(id).or_insert(home);
                line.newest = vec![format!("{k} {k} true true")];
                if first != home || self.moved.contains(&id) {
                    line.older = vec![format!("{k} {k} true false")];
                }
            }
            Kind::Fields => {
                let n = self.lists.entry(key.clone()).or_insert(0);
                *n += 1;
                line.newest = vec![format!("{k} n={n} {id} true")];
            }
            Kind::Lazy => {
                let n = self.lists.entry(key.clone()).or_insert(1);
                *n += 1;
                line.newest = vec![format!("{k} n={n} t{id}")];
            }
            Kind::Any => {
                line.newest = vec![format!("{k} {id}")];
                let home = program.home(id).unwrap_or_default();
                let first = *self.addresses.entry(id).or_insert(home);
                // A type of another name is another type.
                if first != home || self.moved.contains(&id) {
                    line.older = vec![format!("{k} none")];
                }
            }
            Kind::EnumNum => line.newest = vec![format!("{k} AC")],
            Kind::DynTrait => {
                line.newest = vec![stateless(program, files, id, item)];
                // Objects whose item was gone, or was called otherwise, keep the code that they had.
                let home = program.home(id).unwrap_or_default();
                let first = *self.addresses.entry(id).or_insert(home);
                if first != home || self.moved.contains(&id) {
                    let seen = self.initial.get(&id).into_iter().flatten();
                    line.older = seen.map(|k| format!("m{id} n {k}")).collect();
                }
            }
            Kind::Erased => {
                line.newest = vec![more::printed(item.letter(), id, item)];
                // A pointer to a function that is gone is to its last code.
                let home = program.home(id).unwrap_or_default();
                let first = *self.addresses.entry(id).or_insert(home);
                line.is_open = item.style == 2 && (first != home || self.moved.contains(&id));
            }
            Kind::Sized => {
                let n = self.lists.entry(key.clone()).or_insert(0);
                *n += 1;
                let mut numbers = vec![id; 2 + usize::from(item.order)];
                numbers[0] += *n;
                line.newest = vec![format!("{k} {numbers:?}")];
            }
            Kind::Once => {
                let stored = *self.stored.entry(id).or_insert(k);
                line.newest = vec![k.to_string()];
                line.if_told = vec![stored.to_string()];
            }
            Kind::TlConst => {
                line.newest = vec![k.to_string()];
                line.if_told = strings(self.initial.get(&id));
            }
            Kind::Frame => {
                line.newest = vec![k.to_string()];
                line.if_told = strings(self.frames.get(&id));
                if self.later_frames.contains(&id) {
                    line.if_told.push(NOTHING.to_owned());
                }
            }
            _ => line.newest = vec![stateless(program, files, id, item)],
        }
        if matches!(item.kind, Kind::State | Kind::Fields | Kind::Sized) {
            let place = place_of(program, id, item);
            self.list_places.entry(id).or_insert(place);
            line.is_open = self.open.contains(&id);
        }
        expected.insert(key, line);
    }

    /// A list that grows by one at each tick.
    fn list(&mut self, key: &str, k: u32, ty: Ty, tag: u32) -> String {
        let n = self.lists.entry(key.to_owned()).or_insert(0);
        *n += 1;
        format!("{k} n={n} {} true", ty.shown(tag))
    }

    /// Makes what an item makes at its first tick.
    fn keep(&mut self, program: &Program, id: u32, item: &Item) {
        let keys: Vec<String> = match item.kind {
            Kind::EnumVal => vec![format!("i{id}.a"), format!("i{id}.b")],
            Kind::Handler => vec![format!("i{id}.f"), format!("i{id}.c")],
            kind if kind.has_subs() => {
                let key = |sub: &crate::model::Sub| format!("i{id}.{}", sub.id);
                item.subs.iter().map(key).collect()
            }
            _ => vec![format!("i{id}")],
        };
        for key in keys {
            if self.kept.contains_key(&key) {
                continue;
            }
            let kept = Kept {
                item: id,
                kind: item.kind,
                made_as: made_as(program, id, item, &key),
                texts: text_of_kept(id, item, &key).into_iter().collect(),
                may_be_old: false,
                ticks: 0,
            };
            self.kept.insert(key, kept);
        }
    }
}

fn strings(numbers: Option<&Vec<u32>>) -> Vec<String> {
    numbers.into_iter().flatten().map(u32::to_string).collect()
}

/// What must be the same for newer code to be the code of something that is kept.
fn made_as(program: &Program, id: u32, item: &Item, key: &str) -> (Ty, u8, Option<(usize, u8)>) {
    // A function captures nothing.
    let is_function = item.kind == Kind::Handler && key.ends_with(".f");
    let own = if item.uses_type() && !is_function {
        item.ty
    } else {
        Ty::U64
    };
    let ty = sub_of(id, item, key).map_or(own, |sub| sub.ty);
    (ty, item.order, program.home(id))
}

fn sub_of<'a>(id: u32, item: &'a Item, key: &str) -> Option<&'a crate::model::Sub> {
    item.subs
        .iter()
        .find(|sub| format!("i{id}.{}", sub.id) == key)
}

/// What something that is kept prints with this version of its item; `None` if that version makes no such thing.
fn text_of_kept(id: u32, item: &Item, key: &str) -> Option<String> {
    let k = item.k;
    Some(match item.kind {
        Kind::Block => format!("i{id} {k} {}", item.ty.shown(id)),
        Kind::Named => format!("i{id} {k} {id} 5 {}", item.ty.shown(id)),
        Kind::EnumVal if key.ends_with(".a") => format!("{k} A{id}"),
        Kind::EnumVal => format!("{k} B{id}"),
        Kind::FnPtr => k.to_string(),
        Kind::Async if item.style == 1 => format!("{k} n={{n}} {}", item.ty.shown(id)),
        Kind::Async | Kind::Thread => format!("{k} n={{n}}"),
        Kind::Handler if key.ends_with(".f") => format!("w7 {k}/{k}"),
        Kind::Handler => format!("c7 {} {k}/{k}", item.ty.shown(id)),
        _ => {
            let sub = sub_of(id, item, key)?;
            let k = sub.k;
            if item.kind == Kind::LocalFns {
                format!("{key} {k}")
            } else {
                format!("{key} {k} {}", sub.ty.shown(sub.tag(id)))
            }
        }
    })
}

/// What a tick prints of an item without state.
fn stateless(program: &Program, files: &Files, id: u32, item: &Item) -> String {
    let k = item.k;
    match item.kind {
        Kind::Fn => {
            let y = u32::from(item.order == 1) * 2;
            let value = |x: u32| match item.style {
                1 => 3 * x + k + y,
                6 => 3 * k + 3 + x + y,
                7 if x == 0 => k,
                _ => x + k + y,
            };
            format!("{} {}", value(0), value(1))
        }
        Kind::Const => format!("{k} {k}"),
        Kind::FnTable | Kind::Macro | Kind::Method | Kind::Derive | Kind::Catch => {
            more::printed(item.letter(), id, item)
        }
        Kind::Generic => format!("{k} s {k} 5"),
        Kind::Instance => (5 * k + 3).to_string(),
        Kind::Loc => (k * 10000 + line_of_call(program, files, id)).to_string(),
        Kind::Drop if item.order == 1 => format!("drop {k} 2+drop {k} 1"),
        Kind::Drop => String::new(),
        Kind::DynTrait => format!("m{id} n {k}"),
        _ => k.to_string(),
    }
}

/// The line with the call of a `Kind::Loc`.
fn line_of_call(program: &Program, files: &Files, id: u32) -> u32 {
    let module = program.module_of(id, Part::Via).unwrap_or(0);
    let text = files.get(&render::module_file(program, module));
    let mark = format!("//@i{id}");
    let line = text.and_then(|text| text.lines().position(|line| line.ends_with(&mark)));
    u32::try_from(line.unwrap_or(0) + 1).unwrap_or(0)
}

/// What is not as it has to be; empty if all is right.
pub(crate) fn compare(answer: &Answer, expected: &BTreeMap<String, Expected>) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (key, wanted) in expected {
        let got = answer.get(key).cloned();
        let got = got.unwrap_or_else(|| NOTHING.to_owned());
        let is_right = wanted.is_open && got != NOTHING
            || wanted.newest.contains(&got)
            || wanted.older.contains(&got);
        if !is_right {
            let is_silent = wanted.if_told.contains(&got);
            differences.push(Difference {
                item: wanted.item,
                key: key.clone(),
                got,
                wanted: wanted.clone(),
                is_silent,
            });
        }
    }
    for (key, got) in answer {
        if !expected.contains_key(key) {
            differences.push(Difference {
                item: 0,
                key: key.clone(),
                got: got.clone(),
                wanted: Expected::default(),
                is_silent: false,
            });
        }
    }
    differences
}

/// A key whose text is not right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) item: u32,
    pub(crate) key: String,
    pub(crate) got: String,
    pub(crate) wanted: Expected,
    /// Old code or an old value is shown, which would be right if it had been told.
    pub(crate) is_silent: bool,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} printed `{}`", self.key, self.got)?;
        let join = |texts: &[String]| {
            let quoted: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
            quoted.join(" or ")
        };
        match (&*self.wanted.newest, &*self.wanted.older) {
            ([], _) => write!(f, ", and should not be there"),
            (newest, []) => write!(f, ", wanted {}", join(newest)),
            (newest, older) => write!(
                f,
                ", wanted {}, or of old code {}",
                join(newest),
                join(older)
            ),
        }
    }
}
