//! Numbers and strings on the wire.

use super::MAX_PATH;

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
    /// The first eight bytes are not [`super::MAGIC`].
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
    pub(super) fn counted(&mut self, bytes: &[u8]) {
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
pub(super) struct Reader<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Malformed::CutShort)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(Malformed::CutShort)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(super) fn counted(&mut self, limit: usize) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.u32()?).map_err(|_| Malformed::TooLong)?;
        if length > limit {
            return Err(Malformed::TooLong);
        }
        self.take(length)
    }

    pub(super) fn end(self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Malformed::TrailingBytes)
        }
    }
}

/// A string for the operating system: one NUL, at its end, and at least one byte before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NulTerminated<'a>(pub(super) &'a [u8]);

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

    pub(super) fn path(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.len() > MAX_PATH {
            return Err(Malformed::TooLong);
        }
        Self::new(bytes)
    }
}
