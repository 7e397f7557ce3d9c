//! What the tool asks.

use super::frame::encode_frame;
use super::wire::{Malformed, NulTerminated, Reader, Writer};
use super::{MAX_BODY, MAX_NAMES, MAX_PATH, MAX_SEGMENTS};

/// How a segment may be used. Writable and executable at once cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Constants, unwind tables.
    Read,
    /// Code.
    ReadExecute,
    /// Statics.
    ReadWrite,
}

impl Protection {
    fn to_wire(self) -> u32 {
        match self {
            Self::Read => 1,
            Self::ReadExecute => 2,
            Self::ReadWrite => 3,
        }
    }

    fn from_wire(value: u32) -> Result<Self, Malformed> {
        match value {
            1 => Ok(Self::Read),
            2 => Ok(Self::ReadExecute),
            3 => Ok(Self::ReadWrite),
            _ => Err(Malformed::UnknownValue),
        }
    }
}

/// A piece of a patch file and where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Where it begins in the file, a multiple of [`super::PAGE`].
    pub file_offset: u64,
    /// Run address, a multiple of [`super::PAGE`].
    pub address: u64,
    /// Bytes that come from the file.
    pub file_bytes: u64,
    /// Bytes in memory, at least `file_bytes`. What lies behind `file_bytes` is zero; only a
    /// [`Protection::ReadWrite`] segment may have more of it than the rest of the last page.
    pub memory_bytes: u64,
    /// How it may be used.
    pub protection: Protection,
}

impl Segment {
    /// Stands in the unused places of a [`Segments`].
    const NONE: Self = Self {
        file_offset: 0,
        address: 0,
        file_bytes: 0,
        memory_bytes: 0,
        protection: Protection::Read,
    };
}

/// At most [`MAX_SEGMENTS`] segments, without allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    all: [Segment; MAX_SEGMENTS],
    count: usize,
}

impl Segments {
    /// No segments.
    #[must_use]
    pub fn new() -> Self {
        Self {
            all: [Segment::NONE; MAX_SEGMENTS],
            count: 0,
        }
    }

    /// Adds one more.
    ///
    /// # Errors
    /// [`Malformed::TooLong`] when there are [`MAX_SEGMENTS`] already.
    pub fn push(&mut self, segment: Segment) -> Result<(), Malformed> {
        let place = self.all.get_mut(self.count).ok_or(Malformed::TooLong)?;
        *place = segment;
        self.count = self.count.wrapping_add(1);
        Ok(())
    }

    /// Those that there are.
    #[must_use]
    pub fn as_slice(&self) -> &[Segment] {
        self.all.get(..self.count).unwrap_or(&[])
    }

    fn encode(&self, to: &mut Writer<'_>) {
        to.u32(u32::try_from(self.count).unwrap_or(u32::MAX));
        for segment in self.as_slice() {
            to.u64(segment.file_offset);
            to.u64(segment.address);
            to.u64(segment.file_bytes);
            to.u64(segment.memory_bytes);
            to.u32(segment.protection.to_wire());
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut segments = Self::new();
        for _ in 0..reader.u32()? {
            // A count that is too high ends here, at the seventeenth, whatever it claims.
            segments.push(Segment {
                file_offset: reader.u64()?,
                address: reader.u64()?,
                file_bytes: reader.u64()?,
                memory_bytes: reader.u64()?,
                protection: Protection::from_wire(reader.u32()?)?,
            })?;
        }
        Ok(segments)
    }
}

impl Default for Segments {
    fn default() -> Self {
        Self::new()
    }
}

/// NUL-terminated names, one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names<'a> {
    bytes: &'a [u8],
    count: usize,
}

impl<'a> Names<'a> {
    /// Checks `bytes`: each name ends with a NUL and is not empty, and there are at most [`MAX_NAMES`].
    ///
    /// # Errors
    /// When one of these does not hold.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut count = 0_usize;
        let mut previous = 0_u8;
        for byte in bytes {
            if *byte == 0 {
                if previous == 0 {
                    return Err(Malformed::BadString);
                }
                count = count.wrapping_add(1);
            }
            previous = *byte;
        }
        if previous != 0 {
            return Err(Malformed::BadString);
        }
        if count > MAX_NAMES {
            return Err(Malformed::TooLong);
        }
        Ok(Self { bytes, count })
    }

    /// How many names there are.
    #[must_use]
    pub fn count(self) -> usize {
        self.count
    }

    /// The names in order.
    pub fn iter(self) -> impl Iterator<Item = NulTerminated<'a>> {
        self.bytes
            .split_inclusive(|byte| *byte == 0)
            .map(NulTerminated)
    }
}

/// What the tool asks of the stub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "one at a time exists, and there is nowhere to put a box"
)]
pub enum Request<'a> {
    /// Are you there?
    Ping,
    /// Says once where the thunk region is: whole pages, all inside one executable segment of the main program.
    Configure {
        /// Run address of the region's first byte.
        region_start: u64,
        /// Its length in bytes.
        region_bytes: u64,
    },
    /// Maps a patch into the arena: all segments or none.
    MapPatch {
        /// The patch file.
        path: NulTerminated<'a>,
        /// Its segments, in ascending order of their addresses.
        segments: Segments,
    },
    /// Registers unwind tables that a patch brought.
    RegisterUnwind {
        /// Run address of an `.eh_frame` that ends with a zero length.
        eh_frame: u64,
    },
    /// Maps a prepared copy over the whole thunk region, in one call. Directly before that, maps prepared copies over
    /// pages of the program's constants.
    Publish {
        /// Begins with the prepared copy of the region. The pages of constants follow.
        path: NulTerminated<'a>,
        /// Whole pages of constants, all inside read-only segments of the main program; none for most patches.
        constants: Segments,
        /// Must be the configured one.
        region_start: u64,
        /// Must be the configured one.
        region_bytes: u64,
        /// `CLOCK_MONOTONIC` in nanoseconds after which the stub must refuse, since the tool will have reported
        /// a failure by then.
        expires: u64,
    },
    /// Asks for the addresses of dynamic symbols.
    LookUp {
        /// Their names.
        names: Names<'a>,
    },
}

const KIND_PING: u32 = 1;
const KIND_CONFIGURE: u32 = 2;
const KIND_MAP_PATCH: u32 = 3;
const KIND_REGISTER_UNWIND: u32 = 4;
const KIND_PUBLISH: u32 = 5;
const KIND_LOOK_UP: u32 = 6;

impl<'a> Request<'a> {
    /// Writes header and body into `buffer` and says how long they are.
    ///
    /// # Errors
    /// [`Malformed::TooLong`] when `buffer` is too small or the body longer than [`MAX_BODY`].
    pub fn encode(&self, sequence: u32, buffer: &mut [u8]) -> Result<usize, Malformed> {
        let kind = match self {
            Self::Ping => KIND_PING,
            Self::Configure { .. } => KIND_CONFIGURE,
            Self::MapPatch { .. } => KIND_MAP_PATCH,
            Self::RegisterUnwind { .. } => KIND_REGISTER_UNWIND,
            Self::Publish { .. } => KIND_PUBLISH,
            Self::LookUp { .. } => KIND_LOOK_UP,
        };
        encode_frame(sequence, kind, buffer, |to| match self {
            Self::Ping => {}
            Self::Configure {
                region_start,
                region_bytes,
            } => {
                to.u64(*region_start);
                to.u64(*region_bytes);
            }
            Self::MapPatch { path, segments } => {
                to.counted(path.with_nul());
                segments.encode(to);
            }
            Self::RegisterUnwind { eh_frame } => to.u64(*eh_frame),
            Self::Publish {
                path,
                constants,
                region_start,
                region_bytes,
                expires,
            } => {
                to.counted(path.with_nul());
                constants.encode(to);
                to.u64(*region_start);
                to.u64(*region_bytes);
                to.u64(*expires);
            }
            Self::LookUp { names } => to.counted(names.bytes),
        })
    }

    /// Reads the body of a frame of this kind; `None` for a kind that this version does not know.
    ///
    /// # Errors
    /// When the body is not what its kind says.
    pub fn decode(kind: u32, body: &'a [u8]) -> Result<Option<Self>, Malformed> {
        let mut reader = Reader { rest: body };
        let request = match kind {
            KIND_PING => Self::Ping,
            KIND_CONFIGURE => Self::Configure {
                region_start: reader.u64()?,
                region_bytes: reader.u64()?,
            },
            KIND_MAP_PATCH => {
                let path = NulTerminated::path(reader.counted(MAX_PATH)?)?;
                let segments = Segments::decode(&mut reader)?;
                Self::MapPatch { path, segments }
            }
            KIND_REGISTER_UNWIND => Self::RegisterUnwind {
                eh_frame: reader.u64()?,
            },
            KIND_PUBLISH => Self::Publish {
                path: NulTerminated::path(reader.counted(MAX_PATH)?)?,
                constants: Segments::decode(&mut reader)?,
                region_start: reader.u64()?,
                region_bytes: reader.u64()?,
                expires: reader.u64()?,
            },
            KIND_LOOK_UP => Self::LookUp {
                names: Names::new(reader.counted(MAX_BODY)?)?,
            },
            _ => return Ok(None),
        };
        reader.end()?;
        Ok(Some(request))
    }
}
