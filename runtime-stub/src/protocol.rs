//! The wire between the tool and the stub: messages, versions, encoding and decoding. No I/O, no `unsafe`, no allocation.
//!
//! Both ends compile this one file. Every connection begins with a [`Prelude`] in each direction, whose sixteen bytes
//! (magic, version, length of what follows) are pinned for ever, so that any two versions can at least tell each other
//! apart. After the handshake come frames: a [`FrameHeader`] and a body of at most [`MAX_BODY`] bytes. The tool sends
//! [`Request`]s, the stub sends one [`Answer`] with the same sequence number to each.
//!
//! All integers are little-endian. No length that was read is used before it was compared with what is there, and a
//! body must be used up to its last byte.

use core::ops::Range;

/// The first eight bytes in each direction. Pinned for ever.
pub const MAGIC: [u8; 8] = *b"HOTPATCH";
/// The version of everything behind the [`Prelude`]. Both ends must have the same one.
pub const VERSION: u32 = 1;
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

/// Bytes that could not be understood (or, when encoding, did not fit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// The bytes end before the message does.
    CutShort,
    /// There are bytes behind the message's end.
    TrailingBytes,
    /// A length or count is above its limit.
    TooLong,
    /// A string has no NUL at its end, one inside, or is empty.
    BadString,
    /// A number stands for nothing that this version knows.
    UnknownValue,
    /// The first eight bytes are not [`MAGIC`].
    WrongMagic,
}

/// Writes little-endian values into a borrowed buffer; remembers if it was too small.
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    length: usize,
    overflow: bool,
}

impl<'a> Writer<'a> {
    /// Begins at the start of `buffer`.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self {
            buffer,
            length: 0,
            overflow: false,
        }
    }

    /// Appends `bytes`.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let room = self
            .buffer
            .get_mut(self.length..)
            .and_then(|rest| rest.get_mut(..bytes.len()));
        match room {
            Some(room) => {
                for (to, from) in room.iter_mut().zip(bytes) {
                    *to = *from;
                }
                self.length = self.length.wrapping_add(bytes.len());
            }
            None => self.overflow = true,
        }
    }

    /// Appends a `u32`.
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    /// Appends a `u64`.
    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    /// Appends the length of `bytes` as `u32`, then `bytes`.
    fn counted(&mut self, bytes: &[u8]) {
        match u32::try_from(bytes.len()) {
            Ok(length) => self.u32(length),
            Err(_) => self.overflow = true,
        }
        self.bytes(bytes);
    }

    /// How many bytes were written.
    ///
    /// # Errors
    /// [`Malformed::TooLong`] when the buffer was too small.
    pub fn finish(self) -> Result<usize, Malformed> {
        if self.overflow {
            Err(Malformed::TooLong)
        } else {
            Ok(self.length)
        }
    }
}

/// Reads little-endian values; never past the end.
#[derive(Debug, Clone, Copy)]
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Malformed::CutShort)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(Malformed::CutShort)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn counted(&mut self, limit: usize) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.u32()?).map_err(|_| Malformed::TooLong)?;
        if length > limit {
            return Err(Malformed::TooLong);
        }
        self.take(length)
    }

    fn end(self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Malformed::TrailingBytes)
        }
    }
}

/// A string for the operating system: one NUL, at its end, and at least one byte before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NulTerminated<'a>(&'a [u8]);

impl<'a> NulTerminated<'a> {
    /// Checks `bytes`, which include the NUL.
    ///
    /// # Errors
    /// [`Malformed::BadString`] when the NUL is missing, not the last byte, or alone.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        match bytes.iter().position(|byte| *byte == 0) {
            Some(at) if at > 0 && at.wrapping_add(1) == bytes.len() => Ok(Self(bytes)),
            _ => Err(Malformed::BadString),
        }
    }

    /// The bytes, NUL included.
    #[must_use]
    pub fn with_nul(self) -> &'a [u8] {
        self.0
    }

    fn path(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.len() > MAX_PATH {
            return Err(Malformed::TooLong);
        }
        Self::new(bytes)
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
    /// Run address of the first byte of the arena, a multiple of [`PAGE`].
    pub arena_start: u64,
    /// Length of the arena in bytes; [`window`] divides it.
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

/// What stands before each body once the handshake is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// Bytes of the body, at most [`MAX_BODY`].
    pub length: u32,
    /// Chosen by the tool, repeated by the answer.
    pub sequence: u32,
    /// Which request or answer the body is.
    pub kind: u32,
}

impl FrameHeader {
    /// Encoded length in bytes.
    pub const BYTES: usize = 12;

    /// Appends the header.
    pub fn encode(self, to: &mut Writer<'_>) {
        to.u32(self.length);
        to.u32(self.sequence);
        to.u32(self.kind);
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`Malformed::TooLong`] when the body would be longer than [`MAX_BODY`]: there is no way to go on with such a peer.
    pub fn decode(bytes: &[u8; Self::BYTES]) -> Result<Self, Malformed> {
        let mut reader = Reader { rest: bytes };
        let header = Self {
            length: reader.u32()?,
            sequence: reader.u32()?,
            kind: reader.u32()?,
        };
        reader.end()?;
        if header.length as usize > MAX_BODY {
            return Err(Malformed::TooLong);
        }
        Ok(header)
    }
}

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
    /// Where it begins in the file, a multiple of [`PAGE`].
    pub file_offset: u64,
    /// Run address, a multiple of [`PAGE`].
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
    /// Maps a prepared copy over the whole thunk region, in one call.
    Publish {
        /// The prepared copy; its length is the region's.
        path: NulTerminated<'a>,
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
                to.u32(u32::try_from(segments.count).unwrap_or(u32::MAX));
                for segment in segments.as_slice() {
                    to.u64(segment.file_offset);
                    to.u64(segment.address);
                    to.u64(segment.file_bytes);
                    to.u64(segment.memory_bytes);
                    to.u32(segment.protection.to_wire());
                }
            }
            Self::RegisterUnwind { eh_frame } => to.u64(*eh_frame),
            Self::Publish {
                path,
                region_start,
                region_bytes,
                expires,
            } => {
                to.counted(path.with_nul());
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
                let mut segments = Segments::new();
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
                Self::MapPatch { path, segments }
            }
            KIND_REGISTER_UNWIND => Self::RegisterUnwind {
                eh_frame: reader.u64()?,
            },
            KIND_PUBLISH => Self::Publish {
                path: NulTerminated::path(reader.counted(MAX_PATH)?)?,
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

/// What a [`Request::RegisterUnwind`] came to.
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
    /// To [`Request::RegisterUnwind`].
    Unwinding(Unwinding),
    /// To [`Request::LookUp`].
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
    /// [`Malformed::TooLong`] when `buffer` is too small or the body longer than [`MAX_BODY`].
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

/// Writes a frame whose body `fill` writes; the header is written last, when the length is known.
fn encode_frame(
    sequence: u32,
    kind: u32,
    buffer: &mut [u8],
    fill: impl FnOnce(&mut Writer<'_>),
) -> Result<usize, Malformed> {
    let (header, rest) = buffer
        .split_at_mut_checked(FrameHeader::BYTES)
        .ok_or(Malformed::TooLong)?;
    let mut body = Writer::new(rest);
    fill(&mut body);
    let length = body.finish()?;
    if length > MAX_BODY {
        return Err(Malformed::TooLong);
    }
    let mut to = Writer::new(header);
    FrameHeader {
        length: u32::try_from(length).map_err(|_| Malformed::TooLong)?,
        sequence,
        kind,
    }
    .encode(&mut to);
    Ok(to.finish()?.wrapping_add(length))
}

/// The value of [`ENVIRONMENT_VARIABLE`]: `<64 hexadecimal digits>:<length>:<socket><directory>`.
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
