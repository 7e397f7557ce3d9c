//! The connection to the tool.
#![allow(
    clippy::cast_possible_truncation,
    reason = "the sizes of the structures here have few bits"
)]

use core::ffi::{c_int, c_ulong, c_void};

use super::linux::{Errno, TimeSpec, close, status};

const AF_UNIX: u16 = 1;
const SOCK_STREAM: c_int = 1;
const SOCK_CLOEXEC: c_int = 0o2_000_000;
const MSG_NOSIGNAL: c_int = 0x4000;
const F_DUPFD_CLOEXEC: c_int = 1030;
const RLIMIT_NOFILE: c_int = 7;

#[repr(C)]
struct SocketAddress {
    family: u16,
    path: [u8; 108],
}

#[repr(C)]
struct ResourceLimit {
    soft: c_ulong,
    hard: c_ulong,
}

unsafe extern "C" {
    fn fcntl(file: c_int, command: c_int, ...) -> c_int;
    fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn connect(file: c_int, address: *const SocketAddress, length: u32) -> c_int;
    fn recv(file: c_int, buffer: *mut c_void, length: usize, flags: c_int) -> isize;
    fn send(file: c_int, buffer: *const c_void, length: usize, flags: c_int) -> isize;
    fn getrlimit(resource: c_int, limit: *mut ResourceLimit) -> c_int;
}

/// The connection to the tool: a descriptor that the program may close behind our back, and even use again.
///
/// The device and inode tell our socket from whatever else has got its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Socket {
    pub(crate) file: c_int,
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

impl Socket {
    /// Connects to a Unix socket and moves the descriptor out of the program's way; it is not inherited over `exec`.
    pub(crate) fn connect(path: &[u8]) -> Result<Self, Errno> {
        let mut address = SocketAddress {
            family: AF_UNIX,
            path: [0; 108],
        };
        if path.len() >= address.path.len() {
            return Err(Errno(0));
        }
        for (to, from) in address.path.iter_mut().zip(path) {
            *to = *from;
        }
        // SAFETY: `socket` has no preconditions.
        let low = unsafe { socket(c_int::from(AF_UNIX), SOCK_STREAM | SOCK_CLOEXEC, 0) };
        if low < 0 {
            return Err(Errno::last());
        }
        // SAFETY: `low` is ours; `F_DUPFD_CLOEXEC` takes one integer.
        let high = unsafe { fcntl(low, F_DUPFD_CLOEXEC, out_of_the_way()) };
        let file = if high < 0 {
            low
        } else {
            // SAFETY: `low` is ours and not used again.
            unsafe { close(low) };
            high
        };
        limit_send_time(file);
        // SAFETY: `address` is a `sockaddr_un` of the length that is given (110 bytes).
        while unsafe { connect(file, &raw const address, size_of::<SocketAddress>() as u32) } != 0 {
            let errno = Errno::last();
            if errno != Errno::INTERRUPTED {
                // SAFETY: `file` is ours and not used again.
                unsafe { close(file) };
                return Err(errno);
            }
        }
        match status(file) {
            Some(stat) => Ok(Self {
                file,
                device: stat.device,
                inode: stat.inode,
            }),
            None => Err(Errno::last()),
        }
    }

    /// True while the descriptor is still our socket.
    pub(crate) fn is_ours(self) -> bool {
        status(self.file).is_some_and(|stat| stat.device == self.device && stat.inode == self.inode)
    }

    /// Closes the descriptor, if it is still our socket.
    pub(crate) fn close(self) {
        if self.is_ours() {
            // SAFETY: it is our socket, and nobody uses it again.
            unsafe { close(self.file) };
        }
    }

    /// Fills `buffer`, however many pieces it takes.
    pub(crate) fn receive(self, buffer: &mut [u8]) -> Result<(), Errno> {
        let mut rest = buffer;
        while !rest.is_empty() {
            if !self.is_ours() {
                return Err(Errno::PIPE);
            }
            // SAFETY: `rest` is writable for its length.
            let got = unsafe { recv(self.file, rest.as_mut_ptr().cast(), rest.len(), 0) };
            match usize::try_from(got) {
                Ok(0) => return Err(Errno::PIPE),
                Ok(got) => rest = rest.get_mut(got..).ok_or(Errno::PIPE)?,
                Err(_) => {
                    let errno = Errno::last();
                    if errno != Errno::INTERRUPTED {
                        return Err(errno);
                    }
                }
            }
        }
        Ok(())
    }

    /// Sends all of `bytes`; never raises `SIGPIPE`.
    pub(crate) fn send(self, bytes: &[u8]) -> Result<(), Errno> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if !self.is_ours() {
                return Err(Errno::PIPE);
            }
            // SAFETY: `rest` is readable for its length.
            let sent = unsafe { send(self.file, rest.as_ptr().cast(), rest.len(), MSG_NOSIGNAL) };
            match usize::try_from(sent) {
                Ok(sent) => rest = rest.get(sent..).ok_or(Errno::PIPE)?,
                Err(_) => {
                    let errno = Errno::last();
                    if errno != Errno::INTERRUPTED {
                        return Err(errno);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Lets no `connect` or `send` on this socket take longer than two seconds: a tool that hangs must not hold up a program.
fn limit_send_time(file: c_int) {
    unsafe extern "C" {
        fn setsockopt(
            file: c_int,
            level: c_int,
            option: c_int,
            value: *const c_void,
            length: u32,
        ) -> c_int;
    }
    const SOL_SOCKET: c_int = 1;
    const SO_SNDTIMEO: c_int = 21;
    let limit = TimeSpec {
        seconds: 2,
        nanoseconds: 0,
    };
    // SAFETY: the option's value is a `struct timeval`, two 64-bit numbers, of which the second (microseconds) is 0.
    unsafe {
        setsockopt(
            file,
            SOL_SOCKET,
            SO_SNDTIMEO,
            (&raw const limit).cast(),
            size_of::<TimeSpec>() as u32,
        )
    };
}

/// The lowest descriptor number for the socket: near the end of the first thousand, where programs that count on
/// getting 3, or that juggle numbers themselves, do not come; and below the process's limit.
fn out_of_the_way() -> c_int {
    let mut limit = ResourceLimit { soft: 0, hard: 0 };
    // SAFETY: `limit` is a valid place for the result.
    if unsafe { getrlimit(RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return 0;
    }
    let soft = limit.soft.min(1024);
    c_int::try_from(soft.saturating_sub(24)).unwrap_or(0)
}
