//! Which of the build's files really changed, however an editor saves.
//!
//! The directories of the files are watched, not the files: editors replace a file by renaming another one over it, and
//! the watch of an inode would go with the inode. An event only makes a file *suspicious*; what counts is whether its
//! content differs from the last content that is known, so a save that changes nothing costs nothing.
//!
//! Time: a writer that closes its file, a rename and a removal end the wait at once; what has happened to other files by then
//! is in the same change. A file that is suddenly empty, or gone, is waited for a little longer, since that is what
//! truncate-then-write and delete-then-create look like half way. See `watch/batch.rs`.
//!
//! This module does not know what a crate is. It never decides what a change means.

mod batch;
mod contents;
mod triggers;

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime};

use anyhow::{Context as _, Result, anyhow};
use notify::event::{AccessKind, AccessMode, CreateKind, EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::codes::{self, Reason};
use crate::guard;
use batch::{Batch, Hint, Verdict};
use contents::{Known, Seen, observe};
use triggers::Triggers;

/// One file whose content changed.
#[derive(Debug, Clone)]
pub struct ChangedFile {
    /// As it was given to [`Watcher::set_files`].
    pub path: PathBuf,
    /// The new content; `None` when there is no regular, readable file of this name any more.
    pub content: Option<Arc<[u8]>>,
    /// When the file changed on disk: the inode's change time, which a rename sets too (a modification time can be hours
    /// old, and set by anybody). Never in the future. For a file that is gone: when that was noticed.
    pub modified: SystemTime,
}

/// Files that were saved together.
#[derive(Debug, Clone)]
pub struct Change {
    /// At least one, sorted by path.
    pub files: Vec<ChangedFile>,
    /// When the watcher was certain.
    pub seen: Instant,
}

/// The contents at one moment. Cheap to clone: the bytes are shared.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    contents: HashMap<PathBuf, Arc<[u8]>>,
}

impl Snapshot {
    /// The content of `path` at that moment; `None` if it did not exist, is not watched, or was too large to be kept.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<Arc<[u8]>> {
        self.contents.get(path).cloned()
    }

    /// Every file of the snapshot that has a content.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Arc<[u8]>)> {
        self.contents
            .iter()
            .map(|(path, content)| (path.as_path(), content))
    }
}

/// After so many panics, one upon the other, the watch ends.
const MOST_PANICS: u32 = 3;

enum Message {
    Notify(notify::Result<notify::Event>),
    SetFiles {
        files: Vec<PathBuf>,
        read_at: Option<SystemTime>,
        reply: Sender<Result<()>>,
    },
    CheckNow {
        files: Option<Vec<PathBuf>>,
        reply: Sender<Vec<PathBuf>>,
    },
    Stop,
}

type KnownContents = Arc<Mutex<HashMap<PathBuf, Known>>>;

/// Watches a set of files. Dropping it ends the watch.
pub struct Watcher {
    messages: Sender<Message>,
    known: KnownContents,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watcher")
            .field("files", &lock(&self.known).len())
            .finish_non_exhaustive()
    }
}

impl Watcher {
    /// A watcher of no files yet. `on_change` is called on the watcher's own thread, and must not call the watcher's
    /// methods from there (send the change to the session's queue instead).
    ///
    /// # Errors
    /// When the system gives no inotify instance; the message says what to do about it.
    pub fn new(on_change: impl Fn(Change) + Send + 'static) -> Result<Self> {
        let (messages, inbox) = channel();
        let to_self = messages.clone();
        let notifier = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // `Access(Open)` comes with every file that the compiler reads, ours included: dropped at the door.
            if !matches!(&event, Ok(event) if is_noise(event.kind)) {
                let _ = to_self.send(Message::Notify(event));
            }
        })
        .map_err(|error| advise(error, None))?;
        let known = KnownContents::default();
        let mut worker = Worker {
            inbox,
            notifier,
            known: known.clone(),
            files: HashSet::new(),
            triggers: Triggers::default(),
            armed: HashSet::new(),
            batch: Batch::default(),
            deferred: VecDeque::new(),
            on_change: Box::new(on_change),
            is_in_trouble: false,
        };
        let thread = guard::spawn("watch", move || worker.run())
            .context("cannot start the watcher's thread")?;
        Ok(Self {
            messages,
            known,
            thread: Some(thread),
        })
    }

    /// Replaces the watched set. A directory in it stands for all files inside, also those that come later. Files that stay keep the content that is known of them; for new ones the content of
    /// this moment becomes the known one. A file that does not exist may be in the set: its creation is a change.
    ///
    /// # Errors
    /// When a directory cannot be watched, for instance because the inotify limit is reached.
    pub fn set_files(&mut self, files: impl Iterator<Item = PathBuf>) -> Result<()> {
        self.send_files(files.collect(), None)
    }

    /// As [`Self::set_files`], for files that a build read: `read_at` is when that build began. A new file that changed
    /// after it may hold something else than what was built, so it is reported as changed at once.
    ///
    /// # Errors
    /// As [`Self::set_files`].
    pub fn set_files_read_at(
        &mut self,
        files: impl Iterator<Item = PathBuf>,
        read_at: SystemTime,
    ) -> Result<()> {
        self.send_files(files.collect(), Some(read_at))
    }

    fn send_files(&mut self, files: Vec<PathBuf>, read_at: Option<SystemTime>) -> Result<()> {
        let (reply, answer) = channel();
        self.messages
            .send(Message::SetFiles {
                files,
                read_at,
                reply,
            })
            .and_then(|()| {
                answer
                    .recv()
                    .map_err(|_| std::sync::mpsc::SendError(Message::Stop))
            })
            .map_err(|_| anyhow!("the watcher's thread has ended"))?
    }

    /// Looks at `files` (`None`: at all) at once and believes what it sees, empty and missing files too. What changed has
    /// been given to `on_change` when this returns; the paths are returned. Empty: all is as it was last reported.
    /// Paths outside of the set are passed over.
    #[must_use]
    pub fn check_now(&self, files: Option<&[PathBuf]>) -> Vec<PathBuf> {
        let (reply, answer) = channel();
        let message = Message::CheckNow {
            files: files.map(<[PathBuf]>::to_vec),
            reply,
        };
        if self.messages.send(message).is_err() {
            return Vec::new();
        }
        answer.recv().unwrap_or_default()
    }

    /// The last content that is known of `path`, that is: the one that was last reported, or the first one.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<Arc<[u8]>> {
        lock(&self.known).get(path).and_then(Known::content)
    }

    /// All last known contents. Taken when a build was made, it is the old text to compare new text with.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let contents = lock(&self.known)
            .iter()
            .filter_map(|(path, known)| Some((path.clone(), known.content()?)))
            .collect();
        Snapshot { contents }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::Stop);
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn lock(known: &KnownContents) -> MutexGuard<'_, HashMap<PathBuf, Known>> {
    // The map is replaced entry by entry, so it is whole even if a holder panicked.
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Worker {
    inbox: Receiver<Message>,
    notifier: RecommendedWatcher,
    known: KnownContents,
    /// The watched set, as it was given.
    files: HashSet<PathBuf>,
    triggers: Triggers,
    /// Directories that are watched at present.
    armed: HashSet<PathBuf>,
    batch: Batch,
    /// Requests that came while events were taken out of turn.
    deferred: VecDeque<Message>,
    on_change: Box<dyn Fn(Change) + Send>,
    /// The system does not let files be looked at, and that was said.
    is_in_trouble: bool,
}

/// Says once that the system does not let files be looked at.
fn warn_of(is_in_trouble: &mut bool, file: &Path, error: &std::io::Error) {
    if !std::mem::replace(is_in_trouble, true) {
        guard::warn(Reason::new(
            &codes::BESIDE,
            format!(
                "cannot look at `{}`: {error}; it is tried again until it can be",
                file.display()
            ),
        ));
    }
}

impl Worker {
    fn run(&mut self) {
        let mut in_a_row = 0;
        loop {
            let message = match self.batch.due() {
                _ if !self.deferred.is_empty() => {
                    self.deferred.pop_front().ok_or(RecvTimeoutError::Timeout)
                }
                None => self
                    .inbox
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => self
                    .inbox
                    .recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            let handled = guard::catch("watch", || match message {
                Ok(message) => self.handle(message),
                Err(RecvTimeoutError::Timeout) => {
                    self.settle(false);
                    true
                }
                Err(RecvTimeoutError::Disconnected) => false,
            });
            match handled {
                Ok(true) => in_a_row = 0,
                Ok(false) => return,
                Err(panicked) => {
                    guard::report(&panicked);
                    in_a_row += 1;
                    if in_a_row >= MOST_PANICS {
                        return;
                    }
                    // What was under way is lost, so nothing is trusted.
                    self.batch = Batch::default();
                    let all = || self.look_at_everything_below(Path::new("/"), Instant::now());
                    if let Err(panicked) = guard::catch("watch", all) {
                        guard::report(&panicked);
                    }
                }
            }
        }
    }

    /// False when the watch ends.
    fn handle(&mut self, message: Message) -> bool {
        match message {
            Message::Notify(event) => {
                guard::trial("watch");
                self.note(event);
            }
            Message::SetFiles {
                files,
                read_at,
                reply,
            } => {
                let _ = reply.send(self.set_files(files, read_at));
            }
            Message::CheckNow { files, reply } => {
                let now = Instant::now();
                let asked: Vec<PathBuf> = match files {
                    None => self.files.iter().cloned().collect(),
                    Some(named) => named
                        .iter()
                        .flat_map(|path| self.triggers.files_named(path))
                        .collect(),
                };
                for file in asked {
                    self.batch.note(file, Hint::Finished, now);
                }
                let _ = reply.send(self.settle(true));
            }
            Message::Stop => return false,
        }
        true
    }

    fn set_files(&mut self, files: Vec<PathBuf>, read_at: Option<SystemTime>) -> Result<()> {
        self.files = files.into_iter().collect();
        {
            let files = &self.files;
            lock(&self.known).retain(|path, _| files.contains(path));
            self.batch.retain(|path| files.contains(path));
        }
        let armed = self.arm();
        // Read after the directories are watched: a change in between is then seen twice rather than never.
        let now = Instant::now();
        for file in &self.files {
            if lock(&self.known).contains_key(file) {
                continue;
            }
            let seen = match observe(file) {
                Ok(seen) => seen,
                Err(error) => {
                    lock(&self.known).insert(file.clone(), Known::Unknown);
                    self.batch.postpone(file, now);
                    warn_of(&mut self.is_in_trouble, file, &error);
                    continue;
                }
            };
            let is_newer = matches!((&seen, read_at), (Seen::File { changed, .. }, Some(read_at)) if *changed > read_at);
            if is_newer {
                lock(&self.known).insert(file.clone(), Known::Unknown);
                self.batch.note(file.clone(), Hint::Finished, now);
            } else {
                lock(&self.known).insert(file.clone(), Known::from_seen(&seen));
            }
        }
        self.take_in_newer(read_at, now);
        armed
    }

    /// What came into a directory all of whose content counts after the build that read it had begun.
    fn take_in_newer(&mut self, read_at: Option<SystemTime>, now: Instant) {
        let Some(read_at) = read_at else { return };
        for file in self.triggers.inside_whole() {
            let is_newer = match observe(&file) {
                Ok(Seen::File { changed, .. }) => changed > read_at,
                Ok(_) => false,
                // It is asked for again when the batch is due.
                Err(_) => true,
            };
            if is_newer && self.files.insert(file.clone()) {
                lock(&self.known).insert(file.clone(), Known::Missing);
                self.batch.note(file, Hint::Finished, now);
            }
        }
    }

    /// Finds out which directories count and watches those and no others. Goes on after a failure, returns the first.
    fn arm(&mut self) -> Result<()> {
        self.triggers = Triggers::of(&self.files);
        loop {
            let outcome = self.arm_once();
            // A directory that came after the disk was asked and before its parent was watched has made no event.
            let triggers = Triggers::of(&self.files);
            let is_settled = triggers.directories() == self.triggers.directories();
            self.triggers = triggers;
            if is_settled || outcome.is_err() {
                return outcome;
            }
        }
    }

    fn arm_once(&mut self) -> Result<()> {
        let wanted = self.triggers.directories();
        let unwanted: Vec<PathBuf> = self.armed.difference(wanted).cloned().collect();
        for directory in unwanted {
            let _ = self.notifier.unwatch(&directory);
            self.armed.remove(&directory);
        }
        let mut outcome = Ok(());
        for directory in wanted.difference(&self.armed.clone()) {
            match self.notifier.watch(directory, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.armed.insert(directory.clone());
                }
                // Gone again; the next look at the disk does not ask for it.
                Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => {}
                Err(error) if outcome.is_ok() => outcome = Err(advise(error, Some(directory))),
                Err(_) => {}
            }
        }
        outcome
    }

    fn note(&mut self, event: notify::Result<notify::Event>) {
        let now = Instant::now();
        let event = match event {
            Ok(event) if !event.need_rescan() => event,
            // The queue overflowed, or something is wrong with it: trust nothing, look at everything.
            Ok(_) | Err(_) => {
                self.look_at_everything_below(Path::new("/"), now);
                return;
            }
        };
        let hint = match event.kind {
            EventKind::Modify(ModifyKind::Data(_)) | EventKind::Create(CreateKind::File) => {
                Hint::InProgress
            }
            EventKind::Modify(ModifyKind::Metadata(_)) => Hint::Touched,
            _ => Hint::Finished,
        };
        for path in &event.paths {
            self.take_in(path, hint, now);
            let concerned = self.triggers.files_at(path);
            for file in concerned {
                self.batch.note(file, hint, now);
            }
            if !matches!(
                event.kind,
                EventKind::Create(_)
                    | EventKind::Remove(_)
                    | EventKind::Modify(ModifyKind::Name(_))
            ) {
                continue;
            }
            if self.triggers.is_link(path) {
                // The link may point elsewhere now, so other directories and other contents count.
                self.look_at_everything_below(Path::new("/"), now);
            } else if self.triggers.is_directory(path) {
                self.look_at_everything_below(path, now);
            }
        }
    }

    /// Something happened at `path`, which may be new in a directory all of whose content counts.
    fn take_in(&mut self, path: &Path, hint: Hint, now: Instant) {
        let new: Vec<PathBuf> = self
            .triggers
            .inside(path)
            .into_iter()
            .filter(|file| !self.files.contains(file))
            .collect();
        if new.is_empty() && !(path.is_dir() && self.triggers.is_inside(path)) {
            return;
        }
        for file in &new {
            self.files.insert(file.clone());
            lock(&self.known).insert(file.clone(), Known::Missing);
        }
        let _ = self.arm();
        for file in new {
            self.batch.note(file, hint, now);
        }
        self.take_in_silent(path, now);
    }

    /// What came into a directory all of whose content counts, at or below `path`, before that was watched has made no event.
    fn take_in_silent(&mut self, path: &Path, now: Instant) {
        loop {
            let mut inside = self.triggers.inside_whole();
            inside.retain(|file| file.starts_with(path) && !self.files.contains(file));
            if inside.is_empty() {
                return;
            }
            for file in inside {
                self.files.insert(file.clone());
                lock(&self.known).insert(file.clone(), Known::Missing);
                self.batch.note(file, Hint::Finished, now);
            }
            let _ = self.arm();
        }
    }

    /// A directory came, went or was replaced: its watch belongs to the old inode.
    fn look_at_everything_below(&mut self, path: &Path, now: Instant) {
        for stale in self
            .armed
            .iter()
            .filter(|armed| armed.starts_with(path))
            .cloned()
            .collect::<Vec<_>>()
        {
            let _ = self.notifier.unwatch(&stale);
            self.armed.remove(&stale);
        }
        let before = self.triggers.files_below(path);
        if let Err(error) = self.arm() {
            guard::warn(Reason::new(
                &codes::BESIDE,
                format!("some files are not watched: {error:#}"),
            ));
        }
        for file in before.into_iter().chain(self.triggers.files_below(path)) {
            self.batch.note(file, Hint::Finished, now);
        }
        self.take_in_silent(path, now);
    }

    /// Looks at the suspicious files; reports them if all is certain. `force`: believe at once. Returns what was reported.
    fn settle(&mut self, force: bool) -> Vec<PathBuf> {
        let now = Instant::now();
        let mut changed = Vec::new();
        let mut doubt = false;
        for file in self.batch.files() {
            let seen = match observe(&file) {
                Ok(seen) => seen,
                Err(error) => {
                    self.batch.postpone(&file, now);
                    warn_of(&mut self.is_in_trouble, &file, &error);
                    continue;
                }
            };
            self.is_in_trouble = false;
            let verdict = {
                let known = lock(&self.known);
                let known = known.get(&file).unwrap_or(&Known::Unknown);
                if known.is(&seen) {
                    Verdict::Same
                } else {
                    self.batch.judge(&file, known, &seen, now)
                }
            };
            match verdict {
                Verdict::Same => self.batch.forget(&file),
                Verdict::Wait if !force => doubt = true,
                Verdict::Wait | Verdict::Changed => changed.push((file, seen)),
            }
        }
        if doubt || changed.is_empty() {
            return Vec::new();
        }
        // A writer may have begun again while we read: then what was read can be half of it.
        if !force && self.take_waiting_events() && !self.batch.is_overdue(Instant::now()) {
            return Vec::new();
        }
        self.report(changed)
    }

    /// Takes the events that wait in the inbox. True if one of them concerned a file of ours.
    fn take_waiting_events(&mut self) -> bool {
        let before = self.batch.notes();
        while let Ok(message) = self.inbox.try_recv() {
            match message {
                Message::Notify(event) => self.note(event),
                other => self.deferred.push_back(other),
            }
        }
        self.batch.notes() != before
    }

    fn report(&mut self, changed: Vec<(PathBuf, Seen)>) -> Vec<PathBuf> {
        let mut files = Vec::with_capacity(changed.len());
        for (path, seen) in changed {
            lock(&self.known).insert(path.clone(), Known::from_seen(&seen));
            self.batch.forget(&path);
            let (content, modified) = match seen {
                Seen::File {
                    content, changed, ..
                } => (Some(content), changed.min(SystemTime::now())),
                Seen::Missing => (None, SystemTime::now()),
            };
            files.push(ChangedFile {
                path,
                content,
                modified,
            });
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let paths = files.iter().map(|file| file.path.clone()).collect();
        (self.on_change)(Change {
            files,
            seen: Instant::now(),
        });
        paths
    }
}

/// Events that say nothing about contents.
fn is_noise(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

/// The system's limits, with what to do about them.
fn advise(error: notify::Error, directory: Option<&Path>) -> anyhow::Error {
    let number = match &error.kind {
        notify::ErrorKind::MaxFilesWatch => Some(libc::ENOSPC),
        notify::ErrorKind::Io(error) => error.raw_os_error(),
        _ => None,
    };
    let advice = match number {
        Some(libc::ENOSPC) => {
            " (hint: the limit of inotify watches is reached: `sudo sysctl fs.inotify.max_user_watches=524288`)"
        }
        Some(libc::EMFILE) => {
            " (hint: the limit of inotify instances or of open files is reached: \
             `sudo sysctl fs.inotify.max_user_instances=1024`, or `ulimit -n`)"
        }
        _ => "",
    };
    let what = directory.map_or_else(
        || "files".to_owned(),
        |directory| format!("`{}`", directory.display()),
    );
    anyhow::Error::new(error).context(format!("cannot watch {what} for changes{advice}"))
}

#[cfg(test)]
mod tests;
