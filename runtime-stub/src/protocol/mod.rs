//! The wire between the tool and the stub: messages, versions, encoding and decoding. No I/O, no `unsafe`, no allocation.
//!
//! Both ends compile these files. Every connection begins with a [`Prelude`] in each direction, whose sixteen bytes
//! (magic, version, length of what follows) are pinned for ever, so that any two versions can at least tell each other
//! apart. After the handshake come frames: a [`FrameHeader`] and a body of at most [`MAX_BODY`] bytes. The tool sends
//! [`Request`]s, the stub sends one [`Answer`] with the same sequence number to each.
//!
//! All integers are little-endian. No length that was read is used before it was compared with what is there, and a
//! body must be used up to its last byte.

use core::ops::Range;

mod answer;
mod frame;
mod handshake;
mod request;
mod wire;

pub use answer::{Addresses, Answer, Step, Unwinding};
pub use frame::FrameHeader;
pub use handshake::{Hello, Prelude, Rendezvous, Welcome};
pub use request::{Names, Protection, Request, Segment, Segments};
pub use wire::{Malformed, NulTerminated, Writer};

/// The first eight bytes in each direction. Pinned for ever.
pub const MAGIC: [u8; 8] = *b"HOTPATCH";
/// The version of everything behind the [`Prelude`]. Both ends must have the same one.
pub const VERSION: u32 = 2;
/// Names the session in the environment of the program; see [`Rendezvous`]. The stub removes it.
pub const ENVIRONMENT_VARIABLE: &str = "CARGO_HOTPATCH_SOCKET";
/// Bytes of the random token that only the tool and the program know.
pub const TOKEN_BYTES: usize = 32;
/// Bytes of the largest body of a frame.
pub const MAX_BODY: usize = 60 * 1024;
/// The most segments that one patch can have.
pub const MAX_SEGMENTS: usize = 16;
/// The most names that one [`Request::LookUp`] can ask for.
pub const MAX_NAMES: usize = 2048;
/// The most bytes of a path, its final NUL included (`PATH_MAX`).
pub const MAX_PATH: usize = 4096;
/// What both ends mean by a page.
pub const PAGE: u64 = 4096;
/// Bytes of a small window; see [`window`].
pub const WINDOW_BYTES: u64 = 1024 * 1024;
/// Bytes of a large window; see [`window`].
pub const LARGE_WINDOW_BYTES: u64 = 16 * WINDOW_BYTES;

/// Where window `index` is, in bytes from the start of an arena of `arena_bytes`; `None` when there are fewer.
///
/// The arena is divided into windows: the first three quarters into small ones, the rest into large ones, numbered
/// through. A patch begins at the start of a window, and its file is found in backtraces through all of that window; it
/// may go on into the next ones, where its frames have no names. A window is never used twice.
#[must_use]
pub fn window(arena_bytes: u64, index: u64) -> Option<Range<u64>> {
    let large_start = arena_bytes / 4 / LARGE_WINDOW_BYTES * 3 * LARGE_WINDOW_BYTES;
    let small_count = large_start / WINDOW_BYTES;
    let (start, bytes) = match index.checked_sub(small_count) {
        None => (index.checked_mul(WINDOW_BYTES)?, WINDOW_BYTES),
        Some(index) => (
            index
                .checked_mul(LARGE_WINDOW_BYTES)?
                .checked_add(large_start)?,
            LARGE_WINDOW_BYTES,
        ),
    };
    let end = start.checked_add(bytes)?;
    (end <= arena_bytes).then_some(start..end)
}
