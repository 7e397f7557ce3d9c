//! The program that runs, with its stub and what is known of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::event::{PollFd, PollFlags, poll};

use super::fast::Unconfirmed;
use crate::client::{
    ClientError, Listener, MapPatch, PatchSegment, Protection as Access, Stub, Window,
};
use crate::codes::{self, Reason};
use crate::diff::constants::Rewritten;
use crate::guard;
use crate::link::plan::pretty;
use crate::link::{Live, PAGE, Patch, ProgramSide, Protection, Rewrite, align_up};
use crate::object::address::RunAddr;
use crate::process::Program;
use crate::process::stacks::{Stacks, read_bytes};
use crate::process::tree::Process;
use hotpatch_runtime::protocol::MAX_SEGMENTS;

/// How long a program may take from its start to the stub's first word. The stub speaks before `main`.
const HELLO: Duration = Duration::from_secs(20);
/// How long a patch may wait for a moment at which no thread runs.
const STILL: Duration = Duration::from_millis(300);

/// A running program.
#[derive(Debug)]
pub struct Running {
    /// The process.
    pub program: Program,
    /// The connection, until it is lost.
    pub stub: Option<Stub>,
    /// Where its threads are.
    pub stacks: Stacks,
    /// What is known of it.
    pub live: Live,
    /// Patches so far.
    pub patches: u64,
    /// Patches that came the fast way, until the full way has seen what they are of.
    pub unconfirmed: Option<Unconfirmed>,
    /// What the full way has said of them, the last time that it had anything to say.
    pub agreed: Option<bool>,
    is_undone: bool,
    arena: Range<RunAddr>,
    directory: PathBuf,
    /// Processes that [`Self::new_copies`] has named.
    copies: BTreeSet<u32>,
}

/// Why a program that runs cannot be patched any more.
#[must_use]
fn no_room(path: &Path, error: &std::io::Error) -> Reason {
    Reason::new(
        &codes::NO_ROOM,
        format!("cannot write `{}`: {error}", path.display()),
    )
}

/// Which file a process executes.
fn executable_of(pid: u32) -> Option<(u64, u64)> {
    let data = std::fs::metadata(format!("/proc/{pid}/exe")).ok()?;
    Some((data.dev(), data.ino()))
}

impl Running {
    /// Waits for the stub of a program that was just started.
    ///
    /// # Errors
    /// When it does not answer, or is not the program that was started.
    pub fn connect(
        program: Program,
        listener: &Listener,
        image: crate::table::image::Image,
        directory: &Path,
    ) -> Result<Self, (Program, anyhow::Error)> {
        let accepted = {
            let still_alive = || program.ended().is_none();
            listener.accept(program.pid(), Instant::now() + HELLO, &still_alive)
        };
        let mut stub = match accepted {
            Ok(stub) => stub,
            Err(error) => return Err((program, error.reason.into())),
        };
        let hello = stub.hello().clone();
        let live = Live::new(image, hello.load_bias);
        if let Err(error) = stub.configure(live.table_range()) {
            return Err((program, error.reason.into()));
        }
        Ok(Self {
            stacks: Stacks::of(program.pid()),
            program,
            stub: Some(stub),
            live,
            patches: 0,
            unconfirmed: None,
            agreed: None,
            is_undone: false,
            arena: hello.arena,
            directory: directory.to_owned(),
            copies: BTreeSet::new(),
        })
    }

    /// Calls `then` once, on a thread of its own, when the program's end of the connection is closed: it ended, executed a
    /// program, or closed its files. Without a thread it is never called, and the next patch finds out.
    pub fn when_disconnected(&self, then: impl FnOnce() + Send + 'static) {
        use std::os::fd::AsFd as _;
        let Some(Ok(end)) = self
            .stub
            .as_ref()
            .map(|stub| stub.as_fd().try_clone_to_owned())
        else {
            return;
        };
        let _ = guard::spawn("connection", move || {
            // Answers are not what is waited for.
            let mut end = [PollFd::new(&end, PollFlags::RDHUP)];
            while matches!(poll(&mut end, None), Err(rustix::io::Errno::INTR)) {}
            then();
        });
    }

    /// Why the program can follow no edit, if it has no connection. What it runs may be another program by now.
    #[must_use]
    pub fn is_lost(&self) -> Option<Reason> {
        self.stub.is_none().then(not_connected)
    }

    /// Of what the program has started, the processes that run its own image, and that were not named before. They have
    /// no patch.
    pub fn new_copies(&mut self) -> Vec<Process> {
        let own = executable_of(self.program.pid());
        let mut copies = self.program.children();
        copies.retain(|process| {
            own.is_some() && executable_of(process.pid) == own && self.copies.insert(process.pid)
        });
        copies
    }

    /// From now on, the files of patches are put there.
    pub fn set_directory(&mut self, directory: &Path) {
        directory.clone_into(&mut self.directory);
    }

    /// Where patches go.
    #[must_use]
    pub fn arena(&self) -> Range<RunAddr> {
        self.arena.clone()
    }

    /// Sends a patch: maps it, registers its unwind table, and publishes the jump table. All or nothing. Returns the
    /// table, and when the program acknowledged.
    ///
    /// # Errors
    /// What the stub or the connection says. The connection is dropped where it is not certain what the program did.
    pub fn send(&mut self, patch: &Patch, window: &Window) -> Result<(Vec<u8>, Instant)> {
        let table = table_with(&self.live, patch)?;
        // The file of an earlier process may still be mapped there: it is replaced, never written into.
        let fresh = self.directory.join("patch.new");
        std::fs::write(&fresh, &patch.file).map_err(|error| no_room(&fresh, &error))?;
        std::fs::rename(&fresh, &window.file).map_err(|error| no_room(&window.file, &error))?;
        let constants = Pages::of(self.program.pid(), &self.live, &patch.rewrites)?;
        let table_file = self.write_table(&table, constants.new.iter().map(|run| &run.1))?;
        let map = MapPatch {
            path: window.file.clone(),
            segments: patch
                .segments
                .iter()
                .map(|segment| PatchSegment {
                    file_offset: segment.file_offset,
                    address: segment.address,
                    file_bytes: segment.length,
                    memory_bytes: segment.length,
                    protection: match segment.protection {
                        Protection::Read => Access::Read,
                        Protection::ReadExecute => Access::ReadExecute,
                        Protection::ReadWrite => Access::ReadWrite,
                    },
                })
                .collect(),
        };
        let result = self.with_stub(|stub| {
            stub.map_patch(&map)?;
            if let Some(eh_frame) = patch.eh_frame {
                stub.register_unwind(eh_frame)?;
            }
            stub.publish_with(&table_file, &constants.segments(table.len()))
        });
        let acknowledged = Instant::now();
        // The program has its own mapping of the table by now, or never will.
        let _ = std::fs::remove_file(&table_file);
        if let Err(error) = result {
            self.take_back(&constants);
            return Err(error);
        }
        self.patches += 1;
        Ok((table, acknowledged))
    }

    /// After a publication that failed: some of the constants may have been replaced before.
    fn take_back(&mut self, constants: &Pages) {
        if constants.old.is_empty() || self.stub.is_none() {
            return;
        }
        let table = self.live.table().to_vec();
        // If this fails as well, the connection does, and what was reported is a restart in any case.
        let Ok(file) = self.write_table(&table, constants.old.iter().map(|run| &run.1)) else {
            return;
        };
        let segments = constants.segments(table.len());
        let _ = self.with_stub(|stub| stub.publish_with(&file, &segments));
        let _ = std::fs::remove_file(&file);
    }

    /// Why these statics cannot be rewritten at this moment, if some thread runs all the time: it could see half of a value.
    #[must_use]
    pub fn is_busy(&self, rewritten: &BTreeMap<String, Rewritten>) -> Option<Reason> {
        let longest = rewritten.values().max_by_key(|one| one.words)?;
        if longest.words <= 1 || self.stacks.wait_until_still(STILL) {
            return None;
        }
        Some(Reason::new(
            &codes::CONSTANT_IN_USE,
            format!(
                "the new value of `{}` has to be written over the old, and a thread that runs all the time could read half of each",
                pretty(&longest.old_name)
            ),
        ))
    }

    /// Takes every unconfirmed patch back. False if there is none.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn undo(&mut self) -> Result<bool> {
        let Some(unconfirmed) = self.unconfirmed.take() else {
            return Ok(false);
        };
        self.agreed = Some(false);
        self.is_undone = true;
        self.live.restore(unconfirmed.before);
        let table_file = self.write_table(self.live.table(), [])?;
        let result = self.with_stub(|stub| stub.publish(&table_file));
        let _ = std::fs::remove_file(&table_file);
        result?;
        Ok(true)
    }

    /// Whether patches were taken back since this was asked last.
    pub fn take_undone(&mut self) -> bool {
        std::mem::take(&mut self.is_undone)
    }

    /// The jump table, and behind it pages with constants.
    fn write_table<'p>(
        &self,
        table: &[u8],
        constants: impl IntoIterator<Item = &'p Vec<u8>>,
    ) -> Result<PathBuf> {
        let path = self.directory.join(format!("table-{}", self.patches + 1));
        let mut content = table.to_vec();
        for run in constants {
            content.extend_from_slice(run);
        }
        std::fs::write(&path, content).map_err(|error| no_room(&path, &error))?;
        Ok(path)
    }

    /// The parts that linking needs: what is known, and whom to ask for the rest.
    pub fn for_linking(&mut self) -> (&Live, AskProgram<'_>) {
        (
            &self.live,
            AskProgram {
                stub: &mut self.stub,
                window: None,
            },
        )
    }

    /// As [`Self::for_linking`], but no place is taken: for a patch that is not sent.
    pub fn for_rehearsing(&mut self) -> (&Live, RehearseWithProgram<'_>) {
        let (live, ask) = self.for_linking();
        (live, RehearseWithProgram { ask })
    }

    fn with_stub<T>(
        &mut self,
        action: impl FnOnce(&mut Stub) -> Result<T, ClientError>,
    ) -> Result<T> {
        AskProgram {
            stub: &mut self.stub,
            window: None,
        }
        .ask(action)
    }
}

/// Runs of whole pages with constants, by their run addresses, before and after statics were rewritten.
#[derive(Debug, Default)]
struct Pages {
    old: Vec<(RunAddr, Vec<u8>)>,
    new: Vec<(RunAddr, Vec<u8>)>,
}

impl Pages {
    /// Reads the pages of the process, which it never writes to.
    ///
    /// # Errors
    /// [`codes::CONSTANT_IN_USE`] if they cannot be read, or are in too many places.
    fn of(pid: u32, live: &Live, rewrites: &[Rewrite]) -> Result<Self> {
        let refuse = |why: String| Reason::new(&codes::CONSTANT_IN_USE, why);
        let mut pages = Self::default();
        let ranges = page_runs(live, rewrites).ok_or_else(|| {
            refuse("the statics with new values lie in too many places".to_owned())
        })?;
        for range in ranges {
            let length = usize::try_from(range.end.0 - range.start.0)?;
            let old = read_bytes(pid, range.start.0, length)
                .map_err(|error| refuse(format!("{error:#}")))?;
            let mut new = old.clone();
            for rewrite in rewrites.iter().filter(|one| range.contains(&one.address)) {
                let at = usize::try_from(rewrite.address.0 - range.start.0)?;
                new[at..at + rewrite.content.len()].copy_from_slice(&rewrite.content);
            }
            pages.old.push((range.start, old));
            pages.new.push((range.start, new));
        }
        Ok(pages)
    }

    /// Where they go, if they stand in a file from `offset` on.
    fn segments(&self, offset: usize) -> Vec<PatchSegment> {
        let mut file_offset = offset as u64;
        let mut segments = Vec::new();
        for (address, content) in &self.new {
            let length = content.len() as u64;
            segments.push(PatchSegment {
                file_offset,
                address: *address,
                file_bytes: length,
                memory_bytes: length,
                protection: Access::Read,
            });
            file_offset += length;
        }
        segments
    }
}

/// The pages of these statics, next to each other or not, as few runs as the stub takes. `None` if that cannot be done with pages
/// that hold nothing but constants.
fn page_runs(live: &Live, rewrites: &[Rewrite]) -> Option<Vec<Range<RunAddr>>> {
    let mut runs: Vec<Range<RunAddr>> = rewrites
        .iter()
        .map(|rewrite| {
            let end = rewrite.address.0 + rewrite.content.len() as u64;
            RunAddr(rewrite.address.0 / PAGE * PAGE)..RunAddr(align_up(end, PAGE))
        })
        .collect();
    runs.sort_unstable_by_key(|run| (run.start, run.end));
    let mut merged: Vec<Range<RunAddr>> = Vec::new();
    for run in runs {
        match merged.last_mut() {
            Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
            _ => merged.push(run),
        }
    }
    while merged.len() > MAX_SEGMENTS {
        let gaps = merged.windows(2).enumerate();
        let between = gaps.filter(|(_, pair)| live.is_constant(&(pair[0].end..pair[1].start)));
        let (index, _) = between.min_by_key(|(_, pair)| pair[1].start.0 - pair[0].end.0)?;
        merged[index].end = merged[index + 1].end;
        merged.remove(index + 1);
    }
    Some(merged)
}

/// The content of the jump table with this patch.
///
/// # Errors
/// [`codes::OUT_OF_RANGE`].
pub fn table_with(live: &Live, patch: &Patch) -> Result<Vec<u8>> {
    live.table_with(patch).ok_or_else(|| {
        Reason::new(
            &codes::OUT_OF_RANGE,
            "a slot of the jump table cannot reach the patch".to_owned(),
        )
        .into()
    })
}

fn not_connected() -> Reason {
    Reason::new(
        &codes::NOT_CONNECTED,
        "the program closed its connection to the tool".to_owned(),
    )
}

/// Asks the stub of a running program.
#[derive(Debug)]
pub struct AskProgram<'r> {
    stub: &'r mut Option<Stub>,
    window: Option<Window>,
}

impl AskProgram<'_> {
    /// The place that was taken.
    #[must_use]
    pub fn into_window(self) -> Option<Window> {
        self.window
    }

    fn ask<T>(&mut self, action: impl FnOnce(&mut Stub) -> Result<T, ClientError>) -> Result<T> {
        let Some(stub) = self.stub.as_mut() else {
            return Err(not_connected().into());
        };
        action(stub).map_err(|error| {
            // After a time-out the stub refuses what it was asked too late, so the connection stays good.
            if error.reason.code == codes::NOT_CONNECTED.id {
                *self.stub = None;
            }
            error.reason.into()
        })
    }
}

impl ProgramSide for AskProgram<'_> {
    fn look_up(&mut self, name: &str) -> Result<Option<RunAddr>> {
        let found = self.ask(|stub| stub.look_up(&[name]))?;
        Ok(found.into_iter().next().flatten())
    }

    fn take_place(&mut self, bytes: u64) -> Result<RunAddr> {
        let window = self.ask(|stub| stub.take_window(bytes))?;
        let start = window.start;
        self.window = Some(window);
        Ok(start)
    }
}

/// Asks the stub of a running program, and takes nothing from it.
#[derive(Debug)]
pub struct RehearseWithProgram<'r> {
    ask: AskProgram<'r>,
}

impl ProgramSide for RehearseWithProgram<'_> {
    fn look_up(&mut self, name: &str) -> Result<Option<RunAddr>> {
        self.ask.look_up(name)
    }

    fn take_place(&mut self, bytes: u64) -> Result<RunAddr> {
        self.ask.ask(|stub| stub.free_place(bytes))
    }
}
