//! What of a crate an edited function can see: a *slice* of the crate.
//!
//! Most of what the compiler does for a shadow goes into items that the edited functions have nothing to do with: parsing, name
//! resolution and type checking of headers, and derives (measured on 41,000 lines in one crate: 1,060 ms, and 106 ms without them).
//! Whatever code mentions, it mentions by a name, or gets from something that it mentions. So what stays is found from the words of
//! the edited functions, then from those of what has these names, and so on; of an unedited plain function its header. An `impl` stays
//! when its type and its trait do, a trait also when something in it is meant (a method needs no name of its trait). Where two
//! things have one name, both stay: nothing is resolved here, so that macros, globs and `use … as` need no rules of their own.
//!
//! What goes must change nothing of what stays. Symbols have the number of an `impl` among those of its module (see [`Numbered`]): in a
//! module in which one stays, an empty `impl` stands in the place of one that goes, and a type without fields in the place of one that
//! derives. Lines and columns stay as well.
//!
//! What nobody can see in the source, such as names that a procedural macro makes up, a slice may lack: then it does not compile, and
//! the names that the compiler asks for are put into this slice and all later ones ([`super::tree::Tree::learn`]).

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

use super::bodies::{Body, Removal, SourceFile};
use super::pieces::{BodyWords, Kind, Leaf, Numbered, Origin, Piece, Replacement, blank};
use super::words::{Learned, Word};

/// A file of the crate.
#[derive(Debug, Clone)]
pub(super) struct FileOfCrate<'f> {
    /// The file, below the directory of the crate's root file where it is.
    pub path: &'f Path,
    /// It is the root.
    pub is_root: bool,
    /// What is in it.
    pub file: &'f SourceFile,
    /// The functions in it that were edited.
    pub edited: Vec<&'f str>,
}

/// What stays of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Slice {
    /// For each piece.
    stays: Vec<bool>,
    /// The modules, by their piece, of which something stays that is numbered so.
    numbered: HashSet<(Option<usize>, Numbered)>,
    /// Where the bodies begin that may be called.
    called: HashSet<usize>,
}

/// Text that is left out, or stands in for what is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// What stands there instead.
    pub replacement: Replacement,
    /// What is put behind it belongs to what stays.
    is_part: bool,
}

impl LeftOut {
    /// True if what is in this range is left out with it.
    pub(super) fn has(&self, range: &Range<usize>) -> bool {
        let own = &self.replacement.range;
        let is_behind = self.is_part && range.start == own.end;
        own.start <= range.start && range.end <= own.end && !is_behind
    }
}

impl Slice {
    /// True if the body that begins there may be called by an edited function, or by what that calls, as far as bodies are there.
    pub(super) fn has_body(&self, begin: usize) -> bool {
        self.called.contains(&begin)
    }

    /// What is left out of `file`, in the order of the text.
    pub(super) fn left_out(&self, file: &SourceFile) -> Vec<LeftOut> {
        let mut left_out: Vec<LeftOut> = Vec::new();
        for (piece, stays) in file.pieces().iter().zip(&self.stays) {
            let is_in = |one: &LeftOut| one.has(&piece.range);
            if *stays || left_out.last().is_some_and(is_in) {
                continue;
            }
            let counts = self.numbered.contains(&(piece.module, piece.numbered));
            let whole = |instead: &str| {
                let text = blank(file.text(), &piece.range, instead)?;
                let range = piece.range.clone();
                Some(LeftOut {
                    replacement: Replacement { range, text },
                    is_part: false,
                })
            };
            match &piece.kind {
                Kind::Impl {
                    shell: Some(shell), ..
                } if counts => left_out.extend(whole(shell)),
                Kind::Type {
                    stub: Some(parts), ..
                } if counts => left_out.extend(parts.iter().map(|part| LeftOut {
                    replacement: part.clone(),
                    is_part: true,
                })),
                _ => left_out.extend(whole("")),
            }
        }
        left_out
    }
}

/// What stays of each file, and how much of the whole crate that is (0 to 1, by words). With `without_derives`, known derives are
/// replaced.
pub(super) fn slice(
    files: &[FileOfCrate<'_>],
    learned: &Learned,
    without_derives: bool,
) -> (Vec<Slice>, f64) {
    let mut slicer = Slicer::new(files, learned, without_derives);
    slicer.asked_for = learned
        .names
        .iter()
        .flat_map(|name| Word::wherever(name))
        .collect();
    for word in slicer.asked_for.clone() {
        slicer.mean_in_call(word);
    }
    slicer.begin();
    while let Some((word, why)) = slicer.queue.pop() {
        let concerned = match why {
            Why::Meant => slicer.by_word.get(&word),
            Why::InCall => slicer.by_call.get(&word),
        };
        for at in concerned.cloned().unwrap_or_default() {
            match why {
                Why::Meant => slicer.consider(at),
                Why::InCall => slicer.consider_body(at),
            }
        }
    }
    let share = slicer.share();
    (slicer.slices, share)
}

/// Why a word is looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Something that stays mentions it.
    Meant,
    /// A body mentions it that may be called.
    InCall,
}

/// A piece: its file's number and its own.
type At = (usize, usize);

struct Slicer<'f> {
    files: &'f [FileOfCrate<'f>],
    learned: &'f Learned,
    without_derives: bool,
    /// Names of items of this crate.
    local: HashSet<Word>,
    /// Those of types and traits.
    local_types: HashSet<Word>,
    /// Names that can be reached through this crate although no item of it is called so; and whether there are some that nobody names.
    from_outside: HashSet<String>,
    any_from_outside: bool,
    /// What has to be looked at when a word is meant.
    by_word: HashMap<Word, Vec<At>>,
    meant: HashSet<Word>,
    /// Words that are meant in any case.
    asked_for: HashSet<Word>,
    /// What has to be looked at when a word is in a body that may be called, and those words.
    by_call: HashMap<Word, Vec<At>>,
    in_calls: HashSet<Word>,
    /// Words that are meant, and were not looked up yet.
    queue: Vec<(Word, Why)>,
    slices: Vec<Slice>,
    /// Modules that have names for others: they live, or a module inside of them is there.
    open: HashSet<(usize, Option<usize>)>,
}

impl<'f> Slicer<'f> {
    fn new(files: &'f [FileOfCrate<'f>], learned: &'f Learned, without_derives: bool) -> Self {
        let mut slicer = Self {
            files,
            learned,
            without_derives,
            local: HashSet::new(),
            local_types: HashSet::new(),
            from_outside: HashSet::new(),
            any_from_outside: false,
            by_word: HashMap::new(),
            meant: HashSet::new(),
            asked_for: HashSet::new(),
            by_call: HashMap::new(),
            in_calls: HashSet::new(),
            queue: Vec::new(),
            slices: Vec::new(),
            open: HashSet::new(),
        };
        for file in files {
            for piece in file.file.pieces() {
                slicer.declare(piece);
            }
            slicer.slices.push(Slice {
                stays: vec![false; file.file.pieces().len()],
                ..Slice::default()
            });
        }
        slicer.find_names_from_outside();
        for at in slicer.all() {
            let triggers = slicer.triggers(slicer.piece(at));
            for word in triggers {
                slicer.by_word.entry(word).or_default().push(at);
            }
            if let Some(body) = &slicer.piece(at).body {
                for word in body.called {
                    slicer.by_call.entry(word).or_default().push(at);
                }
            }
        }
        slicer
    }

    fn all(&self) -> Vec<At> {
        let numbered = self.files.iter().enumerate();
        numbered
            .flat_map(|(file, it)| (0..it.file.pieces().len()).map(move |piece| (file, piece)))
            .collect()
    }

    fn piece(&self, (file, piece): At) -> &'f Piece {
        &self.files[file].file.pieces()[piece]
    }

    fn declare(&mut self, piece: &Piece) {
        let (types, others): (Vec<&String>, Vec<&String>) = match &piece.kind {
            Kind::Item(names) => (Vec::new(), names.iter().collect()),
            Kind::Type { name, .. } | Kind::Trait { name, .. } => (vec![name], Vec::new()),
            Kind::Module(name) => (Vec::new(), vec![name]),
            Kind::Opaque { defines, .. } => (defines.iter().collect(), Vec::new()),
            _ => return,
        };
        for name in types {
            self.local_types.extend(Word::of_item(name));
            self.local.extend(Word::of_item(name));
        }
        for name in others {
            self.local.extend(Word::of_item(name));
        }
    }

    /// The words at which a piece is looked at.
    fn triggers(&self, piece: &Piece) -> Vec<Word> {
        let items = |names: &[String]| -> Vec<Word> {
            names.iter().flat_map(|name| Word::of_item(name)).collect()
        };
        match &piece.kind {
            Kind::Always | Kind::Never => Vec::new(),
            Kind::Item(names) => items(names),
            Kind::Type { name, .. } | Kind::Module(name) => items(std::slice::from_ref(name)),
            Kind::Trait { name, members } => {
                let members = members.iter().flat_map(|name| Word::of_member(name));
                Word::of_item(name).into_iter().chain(members).collect()
            }
            Kind::Impl { of, .. } => items(of),
            Kind::Member(names) => names
                .iter()
                .flat_map(|name| Word::of_member(name))
                .collect(),
            Kind::Opaque { defines, of, .. } => {
                let types = of.iter().filter(|word| self.local_types.contains(word));
                items(defines).into_iter().chain(types.copied()).collect()
            }
            Kind::Use(leaf) => leaf
                .iter()
                .filter_map(|leaf| leaf.name.as_deref())
                .flat_map(Word::of_item)
                .collect(),
        }
    }

    fn begin(&mut self) {
        for (number, file) in self.files.iter().enumerate() {
            for path in &file.edited {
                let Some(body) = file.file.find(path) else {
                    continue;
                };
                let begins = |piece: &Piece| {
                    let own = piece.body.as_ref();
                    own.is_some_and(|own| own.begin == body.range.start)
                };
                if let Some(piece) = file.file.pieces().iter().position(begins) {
                    self.keep((number, piece));
                }
            }
        }
        for at in self.all() {
            self.consider(at);
        }
    }

    fn mean(&mut self, word: Word) {
        if self.meant.insert(word) {
            self.queue.push((word, Why::Meant));
        }
    }

    fn mean_in_call(&mut self, word: Word) {
        self.mean(word);
        if self.in_calls.insert(word) {
            self.queue.push((word, Why::InCall));
        }
    }

    fn is_meant(&self, name: &str) -> bool {
        let words = Word::of_item(name);
        words.iter().any(|word| self.meant.contains(word))
    }

    fn stays(&self, (file, piece): At) -> bool {
        self.slices[file].stays[piece]
    }

    /// Keeps what has a reason to stay by now.
    fn consider(&mut self, at: At) {
        if self.stays(at) {
            return;
        }
        let piece = self.piece(at);
        let has_reason = match &piece.kind {
            Kind::Always => true,
            Kind::Never => false,
            Kind::Item(names) => {
                let is_main = |name: &String| name == "main" && self.files[at.0].is_root;
                names
                    .iter()
                    .any(|name| is_main(name) || self.is_meant(name))
            }
            Kind::Type { name, .. } | Kind::Module(name) => self.is_meant(name),
            Kind::Trait { name, members } => {
                self.is_meant(name) || members.iter().any(|name| self.is_member_meant(name))
            }
            Kind::Impl { of, .. } => of
                .iter()
                .all(|name| !self.local_types.contains(&Word::alone(name)) || self.is_meant(name)),
            Kind::Member(names) => {
                piece.inside.is_some_and(|block| self.stays((at.0, block)))
                    && (names.is_empty() || names.iter().any(|name| self.is_member_meant(name)))
            }
            Kind::Opaque {
                defines,
                of,
                is_like_impl,
            } => {
                let mut types = of
                    .iter()
                    .filter(|word| word.is_alone() && self.local_types.contains(word))
                    .peekable();
                let is_impl = *is_like_impl && types.peek().is_some();
                defines.iter().any(|name| self.is_meant(name))
                    || of.iter().any(|word| self.asked_for.contains(word))
                    || (defines.is_empty()
                        && is_impl
                        && types.all(|word| self.meant.contains(word)))
            }
            Kind::Use(None) => false,
            Kind::Use(Some(leaf)) => self.is_needed(leaf, (at.0, piece.module)),
        };
        if has_reason {
            self.keep(at);
        }
    }

    fn is_member_meant(&self, name: &str) -> bool {
        let words = Word::of_member(name);
        words.iter().any(|word| self.meant.contains(word))
    }

    /// A name that is not this crate's may be a trait's, which nobody has to name.
    fn is_needed(&self, leaf: &Leaf, module: (usize, Option<usize>)) -> bool {
        let is_open = self.open.contains(&module);
        if !leaf.is_visible && !is_open {
            return false;
        }
        let Some(name) = &leaf.name else {
            return leaf.is_glob || is_open;
        };
        let is_local = self.local.contains(&Word::alone(name));
        let may_be_a_trait = match self.is_of_crate(&leaf.origin) {
            false => leaf.origin == Origin::Std || !is_local,
            // What nobody brings from outside is what a macro defines.
            true => !is_local && (self.any_from_outside || self.from_outside.contains(name)),
        };
        (may_be_a_trait && !self.learned.absent.contains(name)) || self.is_meant(name)
    }

    fn is_of_crate(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Std => false,
            Origin::Crate => true,
            Origin::Named(first) => self.local.contains(&Word::alone(first)),
        }
    }

    /// Takes note of the names that others can reach through this crate although no item of it is called so.
    fn find_names_from_outside(&mut self) {
        for at in self.all() {
            let Kind::Use(Some(leaf)) = &self.piece(at).kind else {
                continue;
            };
            let is_known = self.is_of_crate(&leaf.origin) && !leaf.is_renamed;
            if leaf.is_visible && !is_known {
                self.any_from_outside |= leaf.is_glob;
                self.from_outside.extend(leaf.name.clone());
            }
        }
    }

    fn keep(&mut self, at: At) {
        let (file, number) = at;
        if std::mem::replace(&mut self.slices[file].stays[number], true) {
            return;
        }
        let piece = self.piece(at);
        for word in &piece.words {
            self.mean(*word);
        }
        self.consider_body(at);
        self.is_there(file);
        if let Some(around) = piece.inside {
            self.keep((file, around));
        }
        match &piece.kind {
            // Names alone make nothing of the rest be needed.
            Kind::Use(_) => return,
            Kind::Module(_) => return self.opens(file, piece.module),
            // It may be here for another reason.
            Kind::Type { name, .. } | Kind::Trait { name, .. } => self.mean(Word::alone(name)),
            _ => {}
        }
        self.opens(file, piece.module);
        self.numbers(file, piece.module, piece.numbered);
        if let Kind::Impl { .. } | Kind::Trait { .. } = piece.kind {
            for (other, member) in self.files[file].file.pieces().iter().enumerate() {
                if member.inside == Some(number) {
                    self.consider((file, other));
                }
            }
        }
    }

    /// Takes in what the body of something that stays mentions, if the body is that of the source.
    fn consider_body(&mut self, at: At) {
        let Some((own, body)) = self.body(at) else {
            return;
        };
        if !self.stays(at) || self.slices[at.0].called.contains(&own.begin) {
            return;
        }
        let mut edited = self.files[at.0].edited.iter();
        let is_there = match body.removal {
            Removal::Always => edited.any(|path| *path == body.path),
            Removal::UnlessCalled => own.called.iter().any(|word| self.in_calls.contains(word)),
            Removal::Never => true,
        };
        if is_there {
            self.slices[at.0].called.insert(own.begin);
            for word in &own.words {
                self.mean_in_call(*word);
            }
        }
    }

    fn body(&self, at: At) -> Option<(&'f BodyWords, &'f Body)> {
        let own = self.piece(at).body.as_ref()?;
        let bodies = self.files[at.0].file.bodies();
        let number = bodies
            .binary_search_by_key(&own.begin, |body| body.range.start)
            .ok()?;
        Some((own, &bodies[number]))
    }

    /// Something of the file stays: so do the modules that lead to it, which are called like parts of its path.
    fn is_there(&mut self, file: usize) {
        let path = self.files[file].path;
        for part in path.with_extension("").components() {
            self.mean(Word::alone(&part.as_os_str().to_string_lossy()));
        }
    }

    /// Something stays that is numbered: then whatever is numbered with it stays as well, unless something can stand in its place.
    fn numbers(&mut self, file: usize, module: Option<usize>, numbered: Numbered) {
        if numbered == Numbered::Not || !self.slices[file].numbered.insert((module, numbered)) {
            return;
        }
        for (number, piece) in self.files[file].file.pieces().iter().enumerate() {
            let has_stand_in = match &piece.kind {
                Kind::Impl { shell, .. } => shell.is_some(),
                Kind::Type {
                    stub,
                    has_known_derives,
                    ..
                } => stub.is_some() && (self.without_derives || !has_known_derives),
                _ => false,
            };
            if piece.module == module && piece.numbered == numbered && !has_stand_in {
                self.keep((file, number));
            }
        }
        // Their numbers follow those of all that are written.
        if numbered == Numbered::AsExpanded {
            self.numbers(file, module, Numbered::AsWritten);
        }
    }

    fn opens(&mut self, file: usize, module: Option<usize>) {
        if !self.open.insert((file, module)) {
            return;
        }
        for (number, piece) in self.files[file].file.pieces().iter().enumerate() {
            if piece.module == module && matches!(piece.kind, Kind::Use(Some(_))) {
                self.consider((file, number));
            }
        }
    }

    /// How much of what the whole shadow has is in the slices.
    fn share(&self) -> f64 {
        let (mut all, mut kept) = (0_usize, 0_usize);
        for at in self.all() {
            let piece = self.piece(at);
            let weight = piece.words.len();
            all += weight;
            if self.stays(at) {
                kept += weight;
            }
            if let Some((own, body)) = self.body(at)
                && body.removal != Removal::Always
            {
                all += own.words.len();
                if self.slices[at.0].called.contains(&own.begin) {
                    kept += own.words.len();
                }
            }
        }
        // Words of one crate: far below what a float holds exactly.
        #[allow(clippy::cast_precision_loss, reason = "a share needs no more")]
        let share = kept as f64 / all.max(1) as f64;
        share
    }
}

#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod tests;
