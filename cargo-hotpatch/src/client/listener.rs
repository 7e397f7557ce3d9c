//! Waiting for the program that was started, and for nobody else.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Context;
use hotpatch_runtime::protocol::{self, PAGE, Prelude, TOKEN_BYTES, VERSION, Welcome, Writer};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::connection::Connection;
use super::{ClientError, Hello, Stub};
use crate::codes::{self, Reason};
use crate::object::address::{LoadBias, RunAddr};

/// The longest path that a Unix socket can have (`sun_path`, less the NUL).
const MAX_SOCKET_PATH: usize = 107;
/// A peer that has connected has this long to say who it is.
const HANDSHAKE: Duration = Duration::from_secs(2);
/// How often the program is looked at while nothing happens on the socket.
const GLANCE: Duration = Duration::from_millis(50);
const HELLO: usize = Prelude::BYTES + protocol::Hello::BYTES;

/// The session's socket, in a directory that only the user can enter, with a token that only the program is told.
#[derive(Debug)]
pub struct Listener {
    listener: UnixListener,
    socket: PathBuf,
    directory: PathBuf,
    token: [u8; TOKEN_BYTES],
    /// Where the socket is when the session's directory has too long a path for one.
    _elsewhere: Option<tempfile::TempDir>,
    refused: Mutex<Vec<Reason>>,
}

/// Directories whose paths are short wherever a system has them.
pub(crate) fn short_directories() -> Vec<PathBuf> {
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    own.into_iter()
        .chain(["/tmp", "/var/tmp", "/dev/shm"].map(PathBuf::from))
        .filter(|directory| directory.is_absolute() && directory.is_dir())
        .collect()
}

fn short_directory() -> anyhow::Result<tempfile::TempDir> {
    let mut failure = anyhow::anyhow!("there is no other directory for it");
    for room in short_directories() {
        let made = tempfile::Builder::new()
            .prefix("cargo-hotpatch-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&room);
        match made {
            Ok(made) if made.path().join("stub.socket").as_os_str().len() <= MAX_SOCKET_PATH => {
                return Ok(made);
            }
            Ok(_) => {}
            Err(error) => {
                failure = anyhow::Error::new(error)
                    .context(format!("cannot make a directory in {}", room.display()));
            }
        }
    }
    Err(failure)
}

/// Somebody who has connected and not yet said who they are.
struct Peer {
    stream: UnixStream,
    pid: i32,
    received: Vec<u8>,
    since: Instant,
}

impl Listener {
    /// Makes `session_dir`, if it is not there, closes it to other users, and listens on a socket in it.
    ///
    /// # Errors
    /// When one of these is not possible.
    pub fn bind(session_dir: &Path) -> anyhow::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(session_dir)
            .with_context(|| {
                format!(
                    "cannot make the session's directory {}",
                    session_dir.display()
                )
            })?;
        let directory = session_dir.canonicalize().with_context(|| {
            format!(
                "cannot find the session's directory {}",
                session_dir.display()
            )
        })?;
        fs::set_permissions(&directory, Permissions::from_mode(0o700))
            .with_context(|| format!("cannot close {} to other users", directory.display()))?;
        let mut socket = directory.join("stub.socket");
        let mut elsewhere = None;
        if socket.as_os_str().len() > MAX_SOCKET_PATH {
            let short = short_directory().with_context(|| {
                format!("the path of {} is too long for a socket", socket.display())
            })?;
            socket = short.path().join("stub.socket");
            elsewhere = Some(short);
        }
        match fs::remove_file(&socket) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error)
                    .with_context(|| format!("cannot remove the old socket {}", socket.display()));
            }
            _ => {}
        }
        let listener = UnixListener::bind(&socket)
            .with_context(|| format!("cannot listen on {}", socket.display()))?;
        listener
            .set_nonblocking(true)
            .with_context(|| format!("cannot listen on {} without blocking", socket.display()))?;
        let mut token = [0; TOKEN_BYTES];
        File::open("/dev/urandom")
            .and_then(|mut source| source.read_exact(&mut token))
            .context("cannot read a random token from /dev/urandom")?;
        Ok(Self {
            listener,
            socket,
            directory,
            token,
            _elsewhere: elsewhere,
            refused: Mutex::new(Vec::new()),
        })
    }

    /// Where further sockets of the session can be: its path is short enough.
    #[must_use]
    pub fn socket_directory(&self) -> &Path {
        self.socket.parent().unwrap_or(&self.directory)
    }

    /// Listens anew after the socket was removed, with another token.
    ///
    /// # Errors
    /// As [`Self::bind`]; then it is as it was.
    pub fn bind_again(&mut self, session_dir: &Path) -> anyhow::Result<()> {
        let anew = Self::bind(session_dir)?;
        let mut old = std::mem::replace(self, anew);
        // At its path there is the new one's socket.
        old.socket = PathBuf::new();
        Ok(())
    }

    /// False if the socket was removed, so that no program can connect any more.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.socket.exists()
    }

    /// The variable that the program must be started with, and its value.
    #[must_use]
    pub fn environment(&self) -> (OsString, OsString) {
        let socket = self.socket.as_os_str().as_bytes();
        let mut value = Vec::new();
        for byte in self.token {
            value.extend_from_slice(format!("{byte:02x}").as_bytes());
        }
        value.extend_from_slice(format!(":{}:", socket.len()).as_bytes());
        value.extend_from_slice(socket);
        value.extend_from_slice(self.directory.as_os_str().as_bytes());
        (
            protocol::ENVIRONMENT_VARIABLE.into(),
            OsString::from_vec(value),
        )
    }

    /// Waits for the stub of the process `expected_pid`.
    ///
    /// Other peers, with another process number, token or protocol version, are refused, which [`Self::take_refused`]
    /// tells of, and the wait goes on.
    ///
    /// # Errors
    /// [`codes::NOT_CONNECTED`] after the deadline, and as soon as `still_alive` says that the program has ended.
    pub fn accept(
        &self,
        expected_pid: u32,
        deadline: Instant,
        still_alive: &dyn Fn() -> bool,
    ) -> Result<Stub, ClientError> {
        let mut peers = Vec::new();
        loop {
            // Asked before the socket is looked at: what a program said before it ended is still heard.
            let alive = still_alive();
            self.take_in(&mut peers);
            let mut index = 0;
            while let Some(peer) = peers.get_mut(index) {
                match self.hear(peer, expected_pid) {
                    Ok(None) => index += 1,
                    Ok(Some(hello)) => {
                        let peer: Peer = peers.swap_remove(index);
                        match welcome(&peer.stream, Welcome::Accepted) {
                            Ok(()) => {
                                return Ok(Stub::new(
                                    Connection::new(peer.stream),
                                    hello,
                                    self.directory.clone(),
                                ));
                            }
                            Err(error) => self.note(format!(
                                "process {}: it closed the connection ({error})",
                                peer.pid
                            )),
                        }
                    }
                    Err(why) => {
                        let peer = peers.swap_remove(index);
                        // The peer may be gone or not care; it is refused either way.
                        let _ = welcome(&peer.stream, Welcome::Refused);
                        if is_below(peer.pid, expected_pid) {
                            return Err(ClientError::new(
                                &codes::NOT_CONNECTED,
                                format!(
                                    "process {expected_pid} keeps the program as its child, process {}, which cannot be \
                                     patched there (hint: a runner has to become the program, by `exec`)",
                                    peer.pid
                                ),
                            ));
                        }
                        self.note(format!("process {}: {why}", peer.pid));
                    }
                }
            }
            let not_connected = |why: &str| {
                Err(ClientError::new(
                    &codes::NOT_CONNECTED,
                    format!("process {expected_pid} {why}"),
                ))
            };
            if !alive {
                return not_connected("ended before it had connected");
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return not_connected("did not connect in time");
            }
            self.wait(&peers, left.min(GLANCE));
        }
    }

    /// The peers that were refused since the last call ([`codes::WRONG_PEER`]).
    #[must_use]
    pub fn take_refused(&self) -> Vec<Reason> {
        self.refused.lock().map_or_else(
            |poisoned| std::mem::take(&mut *poisoned.into_inner()),
            |mut all| std::mem::take(&mut *all),
        )
    }

    fn note(&self, why: String) {
        let mut refused = match self.refused.lock() {
            Ok(refused) => refused,
            Err(poisoned) => poisoned.into_inner(),
        };
        refused.push(Reason::new(&codes::WRONG_PEER, why));
    }

    /// Accepts all who wait at the door.
    fn take_in(&self, peers: &mut Vec<Peer>) {
        // An error is "nobody is there", or a peer that left again: the loop around looks again.
        while let Ok((stream, _)) = self.listener.accept() {
            let pid = rustix::net::sockopt::socket_peercred(&stream)
                .map_or(-1, |credentials| credentials.pid.as_raw_nonzero().get());
            if let Err(error) = stream.set_nonblocking(true) {
                self.note(format!(
                    "process {pid}: its connection cannot be used ({error})"
                ));
                continue;
            }
            peers.push(Peer {
                stream,
                pid,
                received: Vec::new(),
                since: Instant::now(),
            });
        }
    }

    /// Reads what a peer has said so far: `Ok(None)` when that is not yet all, an error in words when it is refused.
    fn hear(&self, peer: &mut Peer, expected_pid: u32) -> Result<Option<Hello>, String> {
        if u32::try_from(peer.pid) != Ok(expected_pid) {
            return Err(format!(
                "this is not the program that was started, which is process {expected_pid}"
            ));
        }
        let mut buffer = [0; HELLO];
        while peer.received.len() < HELLO {
            let room = buffer.get_mut(peer.received.len()..).unwrap_or(&mut []);
            match peer.stream.read(room) {
                Ok(0) => {
                    return Err(format!(
                        "it closed the connection after {} of {HELLO} bytes",
                        peer.received.len()
                    ));
                }
                Ok(got) => peer
                    .received
                    .extend_from_slice(room.get(..got).unwrap_or(&[])),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(format!("its connection cannot be read ({error})")),
            }
        }
        match self.judge(&peer.received, expected_pid)? {
            None if peer.since.elapsed() > HANDSHAKE => Err(format!(
                "it said only {} of {HELLO} bytes in {:.0} s",
                peer.received.len(),
                HANDSHAKE.as_secs_f64()
            )),
            heard => Ok(heard),
        }
    }

    /// The pure part: is this the greeting that is waited for?
    pub(super) fn judge(
        &self,
        received: &[u8],
        expected_pid: u32,
    ) -> Result<Option<Hello>, String> {
        let Some((prelude, rest)) = received.split_first_chunk::<{ Prelude::BYTES }>() else {
            return Ok(None);
        };
        let prelude = Prelude::decode(prelude)
            .map_err(|error| format!("it speaks another protocol ({error:?})"))?;
        if prelude.version != VERSION {
            return Err(format!(
                "it speaks version {} of the protocol, this tool version {VERSION}",
                prelude.version
            ));
        }
        if usize::try_from(prelude.length) != Ok(protocol::Hello::BYTES) {
            return Err(format!(
                "its greeting has {} bytes instead of {}",
                prelude.length,
                protocol::Hello::BYTES
            ));
        }
        if rest.len() < protocol::Hello::BYTES {
            return Ok(None);
        }
        let hello = protocol::Hello::decode(rest)
            .map_err(|error| format!("its greeting cannot be read ({error:?})"))?;
        // Every byte is looked at, so that the time taken tells nothing.
        let differing = hello
            .token
            .iter()
            .zip(self.token)
            .fold(0, |all, (theirs, ours)| all | (theirs ^ ours));
        if differing != 0 {
            return Err("it does not know the session's token".into());
        }
        if hello.pid != expected_pid {
            return Err(format!(
                "it calls itself process {}, but is process {expected_pid}",
                hello.pid
            ));
        }
        let end = hello.arena_start.checked_add(hello.arena_bytes);
        let sound = hello.arena_start.is_multiple_of(PAGE)
            && protocol::window(hello.arena_bytes, 0).is_some();
        match end {
            Some(end) if sound => Ok(Some(Hello {
                pid: hello.pid,
                load_bias: LoadBias(hello.load_bias),
                arena: RunAddr(hello.arena_start)..RunAddr(end),
            })),
            _ => Err(format!(
                "its arena ({:#x}, {:#x} bytes) is not possible",
                hello.arena_start, hello.arena_bytes
            )),
        }
    }

    fn wait(&self, peers: &[Peer], left: Duration) {
        let mut polled: Vec<_> = peers
            .iter()
            .map(|peer| PollFd::new(&peer.stream, PollFlags::IN))
            .collect();
        polled.push(PollFd::new(&self.listener, PollFlags::IN));
        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: left.max(Duration::from_millis(1)).subsec_nanos().into(),
        };
        // An error (EINTR) only means that the loop around looks again.
        let _ = poll(&mut polled, Some(&timeout));
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Nobody can connect any more; a socket's file that stays behind does no harm and is replaced by the next.
        let _ = fs::remove_file(&self.socket);
    }
}

fn is_below(pid: i32, root: u32) -> bool {
    let processes = crate::process::tree::below(root);
    processes
        .iter()
        .any(|process| i32::try_from(process.pid) == Ok(pid))
}

fn welcome(mut stream: &UnixStream, welcome: Welcome) -> std::io::Result<()> {
    let mut bytes = [0; Prelude::BYTES + Welcome::BYTES];
    welcome.encode(&mut Writer::new(&mut bytes));
    // Twenty bytes into an empty buffer: they fit.
    stream.write_all(&bytes)
}
