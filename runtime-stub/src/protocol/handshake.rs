//! How the two ends meet, and how they know each other.

use super::wire::{Malformed, Reader, Writer};
use super::{MAGIC, MAX_PATH, TOKEN_BYTES, VERSION};

/// The value of [`super::ENVIRONMENT_VARIABLE`]: `<64 hexadecimal digits>:<length>:<socket><directory>`.
///
/// `length` is the decimal number of bytes of the socket's path; the rest is the session's directory. (Two paths, since
/// a socket's path is limited to 107 bytes and a directory's is not; a length, since both may contain any byte.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rendezvous<'a> {
    /// Proves to the tool that the program is the one it started.
    pub token: [u8; TOKEN_BYTES],
    /// Path of the socket that the tool listens on.
    pub socket: &'a [u8],
    /// Absolute path of the session's directory: the patch in window `i` is the file `patch-<i>.elf` in it.
    pub directory: &'a [u8],
}

impl<'a> Rendezvous<'a> {
    /// Understands the variable's value.
    ///
    /// # Errors
    /// When it is not of the form above.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let (digits, mut rest) = value
            .split_first_chunk::<{ TOKEN_BYTES * 2 }>()
            .ok_or(Malformed::CutShort)?;
        let mut token = [0; TOKEN_BYTES];
        for (byte, pair) in token.iter_mut().zip(digits.as_chunks::<2>().0) {
            let [high, low] = *pair;
            *byte = hexadecimal(high)? << 4 | hexadecimal(low)?;
        }
        let mut length = 0_usize;
        let mut separators = 0_u8;
        while separators < 2 {
            let (first, behind) = rest.split_first().ok_or(Malformed::CutShort)?;
            rest = behind;
            match *first {
                b':' => separators = separators.wrapping_add(1),
                digit @ b'0'..=b'9' if separators == 1 && length < MAX_PATH => {
                    length = length
                        .wrapping_mul(10)
                        .wrapping_add(usize::from(digit.wrapping_sub(b'0')));
                }
                _ => return Err(Malformed::BadString),
            }
        }
        let (socket, directory) = rest.split_at_checked(length).ok_or(Malformed::CutShort)?;
        if socket.is_empty() || directory.first() != Some(&b'/') || directory.len() > MAX_PATH {
            return Err(Malformed::BadString);
        }
        Ok(Self {
            token,
            socket,
            directory,
        })
    }
}

fn hexadecimal(digit: u8) -> Result<u8, Malformed> {
    match digit {
        b'0'..=b'9' => Ok(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Ok(digit.wrapping_sub(b'a').wrapping_add(10)),
        _ => Err(Malformed::BadString),
    }
}

/// The first sixteen bytes in each direction. Pinned for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prelude {
    /// The sender's [`VERSION`].
    pub version: u32,
    /// Bytes of the handshake that follow.
    pub length: u32,
}

impl Prelude {
    /// Encoded length in bytes.
    pub const BYTES: usize = 16;

    /// Appends the prelude.
    pub fn encode(self, to: &mut Writer<'_>) {
        to.bytes(&MAGIC);
        to.u32(self.version);
        to.u32(self.length);
    }

    /// Reads a prelude.
    ///
    /// # Errors
    /// [`Malformed::WrongMagic`] when the peer speaks something else.
    pub fn decode(bytes: &[u8; Self::BYTES]) -> Result<Self, Malformed> {
        let mut reader = Reader { rest: bytes };
        if reader.array::<8>()? != MAGIC {
            return Err(Malformed::WrongMagic);
        }
        let prelude = Self {
            version: reader.u32()?,
            length: reader.u32()?,
        };
        reader.end()?;
        Ok(prelude)
    }
}

/// Who the stub says it is: its half of the handshake, behind its [`Prelude`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hello {
    /// The token from the environment.
    pub token: [u8; TOKEN_BYTES],
    /// The process, as it sees itself.
    pub pid: u32,
    /// What the loader added to the link addresses of the main program.
    pub load_bias: u64,
    /// Run address of the first byte of the arena, a multiple of [`super::PAGE`].
    pub arena_start: u64,
    /// Length of the arena in bytes; [`super::window`] divides it.
    pub arena_bytes: u64,
}

impl Hello {
    /// Encoded length in bytes.
    pub const BYTES: usize = TOKEN_BYTES + 4 + 3 * 8;
    const LENGTH: u32 = 32 + 4 + 3 * 8;

    /// Appends prelude and hello.
    pub fn encode(&self, to: &mut Writer<'_>) {
        Prelude {
            version: VERSION,
            length: Self::LENGTH,
        }
        .encode(to);
        to.bytes(&self.token);
        to.u32(self.pid);
        to.u64(self.load_bias);
        to.u64(self.arena_start);
        to.u64(self.arena_bytes);
    }

    /// Reads what follows a prelude of this [`VERSION`].
    ///
    /// # Errors
    /// When the length is not the one of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader { rest: bytes };
        let hello = Self {
            token: reader.array()?,
            pid: reader.u32()?,
            load_bias: reader.u64()?,
            arena_start: reader.u64()?,
            arena_bytes: reader.u64()?,
        };
        reader.end()?;
        Ok(hello)
    }
}

/// The tool's half of the handshake, behind its [`Prelude`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Welcome {
    /// The stub is the one that was waited for; frames follow.
    Accepted,
    /// It is not; the connection is closed.
    Refused,
}

impl Welcome {
    /// Encoded length in bytes.
    pub const BYTES: usize = 4;
    const LENGTH: u32 = 4;

    /// Appends prelude and welcome.
    pub fn encode(self, to: &mut Writer<'_>) {
        Prelude {
            version: VERSION,
            length: Self::LENGTH,
        }
        .encode(to);
        to.u32(match self {
            Self::Accepted => 1,
            Self::Refused => 2,
        });
    }

    /// Reads what follows a prelude of this [`VERSION`].
    ///
    /// # Errors
    /// When it is neither of the two.
    pub fn decode(bytes: &[u8; Self::BYTES]) -> Result<Self, Malformed> {
        match u32::from_le_bytes(*bytes) {
            1 => Ok(Self::Accepted),
            2 => Ok(Self::Refused),
            _ => Err(Malformed::UnknownValue),
        }
    }
}
