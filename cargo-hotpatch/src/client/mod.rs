//! The tool's end of the wire: handshake, requests, deadlines.
//!
//! A [`Listener`] lives as long as the session and hands out one [`Stub`] for each process that the session starts. The
//! messages are [`hotpatch_runtime::protocol`]; this module adds what only the tool needs: who may connect, how long to
//! wait, and what a failure means, as a [`Reason`] with a code.

use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hotpatch_runtime::protocol::{self, NulTerminated, Request, Segments, Step};
use rustix::time::{ClockId, clock_gettime};

use crate::codes::{self, Code, Reason};
use crate::limits::{self, limit};
use crate::object::address::{LoadBias, RunAddr};

mod connection;
mod listener;
mod windows;

#[cfg(test)]
mod end_to_end;
#[cfg(test)]
mod tests;

use connection::{Connection, Reply};
pub use connection::{LateAnswer, RequestKind};
pub use hotpatch_runtime::protocol::{Protection, Unwinding};
pub use listener::Listener;
pub(crate) use listener::short_directories;

/// How long an answer may take before the tool gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Why a request came to nothing. The program is as it was before, with one exception: see [`Stub::late_answers`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientError {
    /// One of [`codes::NOT_CONNECTED`], [`codes::STUB_REFUSED`], [`codes::STUB_TIMEOUT`],
    /// [`codes::ARENA_FULL`].
    pub reason: Reason,
    /// What the stub itself said, if it refused.
    pub refusal: Option<Refusal>,
}

/// A stub's refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// At which step.
    pub step: Step,
    /// The operating system's error number; 0 when it was the stub that refused.
    pub errno: i32,
}

impl ClientError {
    fn new(code: &Code, message: impl Into<String>) -> Self {
        Self {
            reason: Reason::new(code, message),
            refusal: None,
        }
    }

    fn refused(kind: RequestKind, refusal: Refusal) -> Self {
        let Refusal { step, errno } = refusal;
        let mut message = format!("{kind}: {}", step_in_words(step));
        if errno != 0 {
            message.push_str(&format!(": {}", std::io::Error::from_raw_os_error(errno)));
        }
        Self {
            reason: Reason::new(&codes::STUB_REFUSED, message),
            refusal: Some(refusal),
        }
    }
}

impl std::fmt::Display for ClientError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.reason.fmt(f)
    }
}

impl std::error::Error for ClientError {}

fn step_in_words(step: Step) -> &'static str {
    match step {
        Step::UnknownKind => "the stub does not know this message",
        Step::Malformed => "the stub does not understand this message",
        Step::NotConfigured => "the stub was not told where the jump table is",
        Step::AlreadyConfigured => "the stub was told before where the jump table is",
        Step::BadRegion => "the jump table is not in whole pages of the program's code",
        Step::OtherRegion => "this is not the jump table that the stub was told of",
        Step::NoSegments => "the patch has no segments",
        Step::BadSegment => "a segment does not begin at a page or has a wrong length",
        Step::OutsideArena => "a segment lies outside of the arena",
        Step::Overlap => "segments overlap or are not in order",
        Step::WindowTaken => "an earlier patch lies in this place",
        Step::Open => "the program cannot open the file",
        Step::Size => "the program cannot learn the file's size",
        Step::FileLength => "the file has the wrong length",
        Step::Map => "the system refused the mapping",
        Step::NotMapped => "the unwind tables are not inside a mapped patch",
        Step::Expired => "the message arrived too late to be obeyed",
        Step::AnswerTooLong => "the answer does not fit into a message",
    }
}

/// Who a stub says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The process.
    pub pid: u32,
    /// What the loader added to the link addresses of the program.
    pub load_bias: LoadBias,
    /// Where patches go, in windows ([`Stub::take_window`]); within 2 GiB of all of the program.
    pub arena: Range<RunAddr>,
}

/// A place for one patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Where the patch has to begin.
    pub start: RunAddr,
    /// How many bytes it may have.
    pub bytes: u64,
    /// The patch file: the program's backtraces look here for names. It has to be an ELF file linked so that address 0 is the
    /// window's start. It may be there from an earlier process: replace it by renaming, never write into it.
    pub file: PathBuf,
}

/// A patch to be mapped: a file that is never changed again, and what goes where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapPatch {
    /// The file; for backtraces it should be [`Window::file`].
    pub path: PathBuf,
    /// In ascending order of address, at most [`protocol::MAX_SEGMENTS`].
    pub segments: Vec<PatchSegment>,
}

/// A piece of a patch file and where it goes; see [`protocol::Segment`] for what must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatchSegment {
    /// Where it begins in the file: a multiple of the page size.
    pub file_offset: u64,
    /// Where it goes: a multiple of the page size, inside the arena.
    pub address: RunAddr,
    /// Bytes from the file.
    pub file_bytes: u64,
    /// Bytes in memory; what is more than `file_bytes` is zero, and needs [`Protection::ReadWrite`].
    pub memory_bytes: u64,
    /// How it may be used.
    pub protection: Protection,
}

/// Segments of the file at `path` as they go over the wire.
fn segments(path: &Path, all: &[PatchSegment]) -> Result<Segments, ClientError> {
    let mut segments = Segments::new();
    for segment in all {
        let pushed = segments.push(protocol::Segment {
            file_offset: segment.file_offset,
            address: segment.address.0,
            file_bytes: segment.file_bytes,
            memory_bytes: segment.memory_bytes,
            protection: segment.protection,
        });
        if pushed.is_err() {
            return Err(ClientError::new(
                &codes::STUB_REFUSED,
                format!(
                    "{} has {} segments, at most {} are possible",
                    path.display(),
                    all.len(),
                    protocol::MAX_SEGMENTS
                ),
            ));
        }
    }
    Ok(segments)
}

/// The connection to the stub of one process.
#[derive(Debug)]
pub struct Stub {
    connection: Connection,
    hello: Hello,
    arena: windows::Windows,
    directory: PathBuf,
    region: Option<Range<RunAddr>>,
    patience: Duration,
}

impl Stub {
    fn new(connection: Connection, hello: Hello, directory: PathBuf) -> Self {
        Self {
            connection,
            arena: windows::Windows::new(
                hello.arena.end.0 - hello.arena.start.0,
                limit(limits::WINDOWS, usize::MAX),
            ),
            hello,
            directory,
            region: None,
            patience: PATIENCE,
        }
    }

    /// Who the stub said it is.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Has every later request wait for up to `patience` instead of [`PATIENCE`].
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Takes a free place for a patch of so many bytes in memory; it is never given again, whatever becomes of the patch.
    ///
    /// # Errors
    /// [`codes::ARENA_FULL`].
    pub fn take_window(&mut self, bytes: u64) -> Result<Window, ClientError> {
        let place = self.arena.take(bytes);
        let place = place.ok_or_else(|| self.arena_is_full(bytes))?;
        Ok(Window {
            start: self.hello.arena.start.offset(place.start),
            bytes: place.bytes,
            file: self.patch_file(place.window),
        })
    }

    /// Where the next patch of so many bytes would be. Nothing is taken.
    ///
    /// # Errors
    /// [`codes::ARENA_FULL`].
    pub fn free_place(&self, bytes: u64) -> Result<RunAddr, ClientError> {
        let place = self.arena.find(bytes);
        let place = place.ok_or_else(|| self.arena_is_full(bytes))?;
        Ok(self.hello.arena.start.offset(place.start))
    }

    fn arena_is_full(&self, bytes: u64) -> ClientError {
        let arena = self.hello.arena.end.0 - self.hello.arena.start.0;
        ClientError::new(
            &codes::ARENA_FULL,
            format!("no place for {bytes:#x} bytes in an arena of {arena:#x}"),
        )
    }

    fn patch_file(&self, window: u64) -> PathBuf {
        self.directory.join(format!("patch-{window}.elf"))
    }

    /// Says where the jump table is: whole pages of the program's code. Once, before [`Self::publish`].
    ///
    /// # Errors
    /// When the stub refuses, does not answer in time, or is gone.
    pub fn configure(&mut self, region: Range<RunAddr>) -> Result<(), ClientError> {
        let region_bytes = region.end.0.checked_sub(region.start.0).ok_or_else(|| {
            ClientError::new(
                &codes::STUB_REFUSED,
                format!(
                    "the jump table ends ({}) before it begins ({})",
                    region.end, region.start
                ),
            )
        })?;
        self.done(&Request::Configure {
            region_start: region.start.0,
            region_bytes,
        })?;
        self.region = Some(region);
        Ok(())
    }

    /// Maps a patch into the arena: all of it, or nothing. Nobody calls it yet.
    ///
    /// # Errors
    /// When the stub refuses, does not answer in time, or is gone. After a time-out the windows of this patch must not be
    /// used again, since the stub may obey later.
    pub fn map_patch(&mut self, patch: &MapPatch) -> Result<(), ClientError> {
        let segments = segments(&patch.path, &patch.segments)?;
        let path = path_for_the_stub(&patch.path)?;
        self.done(&Request::MapPatch {
            path: nul_terminated(&path, &patch.path)?,
            segments,
        })
    }

    /// Registers the unwind tables that a mapped patch brought: an `.eh_frame` that ends with a zero length. Must come
    /// before the patch is published.
    ///
    /// # Errors
    /// When the stub refuses, does not answer in time, or is gone.
    pub fn register_unwind(&mut self, eh_frame: RunAddr) -> Result<Unwinding, ClientError> {
        match self.exchange(&Request::RegisterUnwind {
            eh_frame: eh_frame.0,
        })? {
            Reply::Unwinding(unwinding) => Ok(unwinding),
            other => Err(self
                .connection
                .nonsense(RequestKind::RegisterUnwind, &other)),
        }
    }

    /// Maps a prepared copy over the jump table: the instant at which a patch becomes visible, to all threads at once.
    ///
    /// The file may be removed afterwards, but never changed or cut short.
    ///
    /// # Errors
    /// When the stub refuses, does not answer in time, or is gone. A stub that wakes up after the time-out refuses, so that what
    /// was reported as failed does not happen behind the user's back; see [`Self::late_answers`] for the last doubt.
    pub fn publish(&mut self, path: &Path) -> Result<(), ClientError> {
        self.publish_with(path, &[])
    }

    /// As [`Self::publish`], and directly before that, maps copies of pages with constants, which follow the jump table in the
    /// file, over those pages of the program. At most [`protocol::MAX_SEGMENTS`].
    ///
    /// # Errors
    /// As [`Self::publish`]. After a refusal at [`Step::Map`] some of the constants may have been replaced.
    pub fn publish_with(
        &mut self,
        path: &Path,
        constants: &[PatchSegment],
    ) -> Result<(), ClientError> {
        let Some(region) = self.region.clone() else {
            return Err(ClientError::refused(
                RequestKind::Publish,
                Refusal {
                    step: Step::NotConfigured,
                    errno: 0,
                },
            ));
        };
        let bytes = path_for_the_stub(path)?;
        // The stub's own deadline lies before ours, so that an answer given in time also arrives in time.
        let margin = (self.patience / 5).min(Duration::from_millis(500));
        let now = clock_gettime(ClockId::Monotonic);
        let now = Duration::new(
            now.tv_sec.unsigned_abs(),
            u32::try_from(now.tv_nsec).unwrap_or(0),
        );
        let expires = u64::try_from((now + self.patience.saturating_sub(margin)).as_nanos())
            .unwrap_or(u64::MAX);
        self.done(&Request::Publish {
            path: nul_terminated(&bytes, path)?,
            constants: segments(path, constants)?,
            region_start: region.start.0,
            region_bytes: region.end.0 - region.start.0,
            expires,
        })
    }

    /// Where the dynamic symbols of these names are, as the program itself would find them; `None` for one that nobody
    /// defines. Not for thread-locals: the answer would be the address in the stub's own thread.
    ///
    /// # Errors
    /// When a name holds a NUL or is empty, and when the stub refuses, does not answer in time, or is gone.
    pub fn look_up(&mut self, names: &[&str]) -> Result<Vec<Option<RunAddr>>, ClientError> {
        let mut found = Vec::with_capacity(names.len());
        let mut rest = names;
        while !rest.is_empty() {
            let mut bytes = Vec::new();
            let mut count = 0;
            for name in rest.iter().take(protocol::MAX_NAMES) {
                if count > 0 && bytes.len() + name.len() + 1 > protocol::MAX_BODY / 2 {
                    break;
                }
                if name.is_empty() || name.contains('\0') || name.len() >= protocol::MAX_BODY / 2 {
                    return Err(ClientError::new(
                        &codes::STUB_REFUSED,
                        format!("`{}` cannot be a symbol's name", name.escape_debug()),
                    ));
                }
                bytes.extend_from_slice(name.as_bytes());
                bytes.push(0);
                count += 1;
            }
            let request = protocol::Names::new(&bytes).map_err(|error| {
                ClientError::new(
                    &codes::STUB_REFUSED,
                    format!("the names of symbols cannot be sent: {error:?}"),
                )
            })?;
            match self.exchange(&Request::LookUp { names: request })? {
                Reply::Addresses(addresses) if addresses.len() == count => {
                    found.extend(
                        addresses
                            .into_iter()
                            .map(|address| (address != 0).then_some(RunAddr(address))),
                    );
                }
                other => return Err(self.connection.nonsense(RequestKind::LookUp, &other)),
            }
            rest = rest.get(count..).unwrap_or(&[]);
        }
        Ok(found)
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// When the stub does not answer in time or is gone.
    pub fn ping(&mut self) -> Result<(), ClientError> {
        self.done(&Request::Ping)
    }

    /// False once the program's end of the connection is closed: it ended, executed another program, or closed it.
    /// Does not wait.
    pub fn is_connected(&mut self) -> bool {
        self.connection.is_open()
    }

    /// Answers that came after their time-out, since the last call. A [`RequestKind::Publish`] among them that succeeded
    /// means that a patch is live which was reported as failed.
    pub fn late_answers(&mut self) -> Vec<LateAnswer> {
        self.connection.late_answers()
    }

    fn exchange(&mut self, request: &Request<'_>) -> Result<Reply, ClientError> {
        self.connection.exchange(request, self.patience)
    }

    fn done(&mut self, request: &Request<'_>) -> Result<(), ClientError> {
        match self.exchange(request)? {
            Reply::Done => Ok(()),
            other => Err(self.connection.nonsense(RequestKind::of(request), &other)),
        }
    }
}

/// To wait, with others, for the end of the program: readable when there is a late answer or the end.
impl std::os::fd::AsFd for Stub {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.connection.as_fd()
    }
}

/// The path with a NUL. Absolute: the program has a working directory of its own.
fn path_for_the_stub(path: &Path) -> Result<Vec<u8>, ClientError> {
    let absolute = std::path::absolute(path).map_err(|error| {
        ClientError::new(&codes::STUB_REFUSED, format!("{}: {error}", path.display()))
    })?;
    let mut bytes = absolute.as_os_str().as_bytes().to_vec();
    bytes.push(0);
    Ok(bytes)
}

fn nul_terminated<'a>(bytes: &'a [u8], path: &Path) -> Result<NulTerminated<'a>, ClientError> {
    match NulTerminated::new(bytes) {
        Ok(checked) if bytes.len() <= protocol::MAX_PATH => Ok(checked),
        _ => Err(ClientError::new(
            &codes::STUB_REFUSED,
            format!(
                "{} cannot be sent: too long, or a NUL in it",
                path.display()
            ),
        )),
    }
}
