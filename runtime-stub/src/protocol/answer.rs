//! What the stub answers.

use super::frame::encode_frame;
use super::wire::{Malformed, Reader};

/// Addresses as they stand on the wire: eight bytes each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses<'a>(&'a [u8]);

impl<'a> Addresses<'a> {
    /// Checks that `bytes` are whole addresses.
    ///
    /// # Errors
    /// [`Malformed::CutShort`] when the last one is not whole.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.len().is_multiple_of(8) {
            Ok(Self(bytes))
        } else {
            Err(Malformed::CutShort)
        }
    }

    /// The addresses in order; 0 stands for a name that nobody defines.
    pub fn iter(self) -> impl Iterator<Item = u64> + use<'a> {
        self.0
            .as_chunks::<8>()
            .0
            .iter()
            .map(|bytes| u64::from_le_bytes(*bytes))
    }
}

/// What a [`super::Request::RegisterUnwind`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwinding {
    /// The tables are registered.
    Registered,
    /// The program holds no unwinder (`panic = "abort"` without libgcc): nothing to do.
    NoUnwinder,
}

/// At which step a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Step {
    /// The kind of the message is not known.
    UnknownKind = 1,
    /// The message's body is not what its kind says.
    Malformed = 2,
    /// The region was not configured yet.
    NotConfigured = 3,
    /// The region was configured before.
    AlreadyConfigured = 4,
    /// The region is not whole pages of executable code of the main program.
    BadRegion = 5,
    /// The region is not the configured one.
    OtherRegion = 6,
    /// A patch without segments.
    NoSegments = 7,
    /// An address or offset is not at a page's start, or a length is wrong.
    BadSegment = 8,
    /// A segment is not inside the arena.
    OutsideArena = 9,
    /// The segments are not in ascending order, or two of them share a page.
    Overlap = 10,
    /// A window was used by an earlier patch.
    WindowTaken = 11,
    /// The file could not be opened.
    Open = 12,
    /// The file's size could not be learned.
    Size = 13,
    /// The file is shorter than the message says, or not as long as the region.
    FileLength = 14,
    /// A part of the file could not be mapped.
    Map = 15,
    /// The unwind tables are not in a mapped patch.
    NotMapped = 16,
    /// The message came after its own deadline.
    Expired = 17,
    /// The answer is longer than a frame.
    AnswerTooLong = 18,
}

impl Step {
    const ALL: [Self; 18] = [
        Self::UnknownKind,
        Self::Malformed,
        Self::NotConfigured,
        Self::AlreadyConfigured,
        Self::BadRegion,
        Self::OtherRegion,
        Self::NoSegments,
        Self::BadSegment,
        Self::OutsideArena,
        Self::Overlap,
        Self::WindowTaken,
        Self::Open,
        Self::Size,
        Self::FileLength,
        Self::Map,
        Self::NotMapped,
        Self::Expired,
        Self::AnswerTooLong,
    ];

    fn from_wire(value: u32) -> Result<Self, Malformed> {
        Self::ALL
            .into_iter()
            .find(|step| *step as u32 == value)
            .ok_or(Malformed::UnknownValue)
    }
}

/// What the stub answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Done.
    Done,
    /// Not done; the program is as it was before.
    Refused {
        /// Where it ended.
        step: Step,
        /// The operating system's error number, 0 when it was not the one who refused.
        errno: i32,
    },
    /// To [`super::Request::RegisterUnwind`].
    Unwinding(Unwinding),
    /// To [`super::Request::LookUp`].
    Addresses(Addresses<'a>),
}

const KIND_DONE: u32 = 0x101;
const KIND_REFUSED: u32 = 0x102;
const KIND_UNWINDING: u32 = 0x103;
const KIND_ADDRESSES: u32 = 0x104;

impl<'a> Answer<'a> {
    /// Writes header and body into `buffer` and says how long they are.
    ///
    /// # Errors
    /// [`Malformed::TooLong`] when `buffer` is too small or the body longer than [`super::MAX_BODY`].
    pub fn encode(&self, sequence: u32, buffer: &mut [u8]) -> Result<usize, Malformed> {
        let kind = match self {
            Self::Done => KIND_DONE,
            Self::Refused { .. } => KIND_REFUSED,
            Self::Unwinding(_) => KIND_UNWINDING,
            Self::Addresses(_) => KIND_ADDRESSES,
        };
        encode_frame(sequence, kind, buffer, |to| match self {
            Self::Done => {}
            Self::Refused { step, errno } => {
                to.u32(*step as u32);
                to.bytes(&errno.to_le_bytes());
            }
            Self::Unwinding(unwinding) => to.u32(match unwinding {
                Unwinding::Registered => 1,
                Unwinding::NoUnwinder => 2,
            }),
            Self::Addresses(addresses) => to.bytes(addresses.0),
        })
    }

    /// Reads the body of a frame of this kind.
    ///
    /// # Errors
    /// When the kind is unknown or the body is not what its kind says.
    pub fn decode(kind: u32, body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader { rest: body };
        let answer = match kind {
            KIND_DONE => Self::Done,
            KIND_REFUSED => Self::Refused {
                step: Step::from_wire(reader.u32()?)?,
                errno: i32::from_le_bytes(reader.array()?),
            },
            KIND_UNWINDING => Self::Unwinding(match reader.u32()? {
                1 => Unwinding::Registered,
                2 => Unwinding::NoUnwinder,
                _ => return Err(Malformed::UnknownValue),
            }),
            KIND_ADDRESSES => Self::Addresses(Addresses::new(reader.take(reader.rest.len())?)?),
            _ => return Err(Malformed::UnknownValue),
        };
        reader.end()?;
        Ok(answer)
    }
}
