//! What stands around each request and answer.

use super::MAX_BODY;
use super::wire::{Malformed, Reader, Writer};

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

/// Writes a frame whose body `fill` writes; the header is written last, when the length is known.
pub(super) fn encode_frame(
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
