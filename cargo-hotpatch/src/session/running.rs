//! The program that runs, with its stub and what is known of it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::client::{ClientError, Listener, MapPatch, PatchSegment, Protection as Access, Stub};
use crate::codes::{self, Reason};
use crate::link::{DynamicSymbols, Live, Patch, Protection};
use crate::object::address::RunAddr;
use crate::process::Program;

/// How long a program may take from its start to the stub's first word. The stub speaks before `main`.
const HELLO: Duration = Duration::from_secs(20);

/// A running program.
#[derive(Debug)]
pub struct Running {
    /// The process.
    pub program: Program,
    /// The connection, until it is lost.
    pub stub: Option<Stub>,
    /// What is known of it.
    pub live: Live,
    /// Patches so far.
    pub patches: u64,
    /// The first window of the arena that no patch uses.
    next_window: u64,
    window_bytes: u64,
    arena: Range<RunAddr>,
    directory: PathBuf,
}

/// Where the next patch goes.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// The start of a window.
    pub start: RunAddr,
    /// Bytes up to the arena's end.
    pub space: u64,
    /// The window's number, which names the patch file.
    pub window: u64,
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
            program,
            stub: Some(stub),
            live,
            patches: 0,
            next_window: 0,
            window_bytes: hello.window_size,
            arena: hello.arena,
            directory: directory.to_owned(),
        })
    }

    /// Where the next patch goes.
    ///
    /// # Errors
    /// A [`Reason`] when the arena is full.
    pub fn room(&self) -> Result<Room> {
        let start = self.arena.start.offset(self.next_window * self.window_bytes);
        if start >= self.arena.end {
            return Err(Reason::new(
                &codes::ARENA_FULL,
                format!("all {} windows of the arena are in use", self.next_window),
            )
            .into());
        }
        Ok(Room { start, space: self.arena.end.0 - start.0, window: self.next_window })
    }

    /// Sends a patch: maps it, registers its unwind table, and publishes the jump table. All or nothing.
    ///
    /// # Errors
    /// What the stub or the connection says. The connection is dropped where it is not certain what the program did.
    pub fn send(&mut self, patch: &Patch, room: Room) -> Result<Vec<u8>> {
        let table = self.live.table_with(patch).ok_or_else(|| {
            Reason::new(&codes::OUT_OF_RANGE, "a slot of the jump table cannot reach the patch".to_owned())
        })?;
        let file = self.directory.join(format!("patch-{}.elf", room.window));
        std::fs::write(&file, &patch.file).with_context(|| format!("cannot write `{}`", file.display()))?;
        let table_file = self.directory.join(format!("table-{}", self.patches + 1));
        std::fs::write(&table_file, &table).with_context(|| format!("cannot write `{}`", table_file.display()))?;
        let map = MapPatch {
            path: file,
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
        // The windows are spent even if something fails from here on: what the program did is not always known.
        self.next_window += patch.memory.div_ceil(self.window_bytes);
        let result = self.with_stub(|stub| {
            stub.map_patch(&map)?;
            if let Some(eh_frame) = patch.eh_frame {
                stub.register_unwind(eh_frame)?;
            }
            stub.publish(&table_file)
        });
        // The program has its own mapping of the table by now, or never will.
        let _ = std::fs::remove_file(&table_file);
        result?;
        self.patches += 1;
        Ok(table)
    }

    /// The parts that linking needs: what is known, and whom to ask for the rest.
    pub fn for_linking(&mut self) -> (&Live, AskProgram<'_>) {
        (&self.live, AskProgram { stub: &mut self.stub })
    }

    fn with_stub<T>(&mut self, action: impl FnOnce(&mut Stub) -> Result<T, ClientError>) -> Result<T> {
        AskProgram { stub: &mut self.stub }.ask(action)
    }
}

/// Asks the stub of a running program.
#[derive(Debug)]
pub struct AskProgram<'r> {
    stub: &'r mut Option<Stub>,
}

impl AskProgram<'_> {
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

impl DynamicSymbols for AskProgram<'_> {
    fn look_up(&mut self, name: &str) -> Result<Option<RunAddr>> {
        let found = self.ask(|stub| stub.look_up(&[name]))?;
        Ok(found.into_iter().next().flatten())
    }
}
