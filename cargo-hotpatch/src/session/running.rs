//! The program that runs, with its stub and what is known of it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, poll};

use super::fast::Unconfirmed;
use crate::client::{
    ClientError, Listener, MapPatch, PatchSegment, Protection as Access, Stub, Window,
};
use crate::codes::{self, Reason};
use crate::link::{Live, Patch, ProgramSide, Protection};
use crate::object::address::RunAddr;
use crate::process::Program;
use crate::process::stacks::Stacks;
use crate::process::tree::Process;

/// How long a program may take from its start to the stub's first word. The stub speaks before `main`.
const HELLO: Duration = Duration::from_secs(20);

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
    arena: Range<RunAddr>,
    directory: PathBuf,
    /// Processes that [`Self::new_copies`] has named.
    copies: BTreeSet<u32>,
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
        let _ = std::thread::Builder::new()
            .name("connection".to_owned())
            .spawn(move || {
                // Answers are not what is waited for.
                let mut end = [PollFd::new(&end, PollFlags::RDHUP)];
                while matches!(poll(&mut end, None), Err(rustix::io::Errno::INTR)) {}
                then();
            });
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
        std::fs::write(&fresh, &patch.file)
            .with_context(|| format!("cannot write `{}`", fresh.display()))?;
        std::fs::rename(&fresh, &window.file)
            .with_context(|| format!("cannot write `{}`", window.file.display()))?;
        let table_file = self.write_table(&table)?;
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
            stub.publish(&table_file)
        });
        let acknowledged = Instant::now();
        // The program has its own mapping of the table by now, or never will.
        let _ = std::fs::remove_file(&table_file);
        result?;
        self.patches += 1;
        Ok((table, acknowledged))
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
        self.live.restore(unconfirmed.before);
        let table_file = self.write_table(self.live.table())?;
        let result = self.with_stub(|stub| stub.publish(&table_file));
        let _ = std::fs::remove_file(&table_file);
        result?;
        Ok(true)
    }

    fn write_table(&self, table: &[u8]) -> Result<PathBuf> {
        let path = self.directory.join(format!("table-{}", self.patches + 1));
        std::fs::write(&path, table)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
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
            return Err(Reason::new(
                &codes::NOT_CONNECTED,
                "the program closed its connection to the tool".to_owned(),
            )
            .into());
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
