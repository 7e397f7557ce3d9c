//! Is there a call in front of an address? Return addresses are recognised by that.

use super::memory::read_memory;

/// Whether the code in front of the run address looks like a call.
pub(super) fn is_behind_call(pid: u32, address: u64) -> bool {
    let mut before = [0_u8; LONGEST_CALL];
    let begin = address.saturating_sub(LONGEST_CALL as u64);
    matches!(read_memory(pid, begin, &mut before), Ok(read) if read == before.len())
        && ends_with_call(&before)
}

/// Bytes of `call [base + index*scale + disp32]` with a prefix.
pub(super) const LONGEST_CALL: usize = 8;

/// Whether the bytes end with a call instruction of any form that has a plausible encoding.
pub(super) fn ends_with_call(bytes: &[u8; LONGEST_CALL]) -> bool {
    // e8 rel32
    if bytes[LONGEST_CALL - 5] == 0xe8 {
        return true;
    }
    // ff /2 [sib] [displacement]
    (2..=7).any(|length| {
        let instruction = &bytes[LONGEST_CALL - length..];
        let modrm = instruction[1];
        let (mode, is_call, rm) = (modrm >> 6, (modrm >> 3) & 7 == 2, modrm & 7);
        let has_sib = mode != 3 && rm == 4;
        let displacement = match mode {
            0 if rm == 5 || (has_sib && instruction.get(2).is_some_and(|sib| sib & 7 == 5)) => 4,
            1 => 1,
            2 => 4,
            _ => 0,
        };
        instruction[0] == 0xff && is_call && length == 2 + usize::from(has_sib) + displacement
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_recognised_by_their_bytes() {
        let ends = |tail: &[u8]| {
            let mut bytes = [0x90; LONGEST_CALL];
            bytes[LONGEST_CALL - tail.len()..].copy_from_slice(tail);
            ends_with_call(&bytes)
        };
        for call in [
            &[0xe8, 1, 2, 3, 4][..],
            &[0xff, 0xd0],
            &[0x41, 0xff, 0xd3],
            &[0xff, 0x10],
            &[0xff, 0x50, 0x18],
            &[0xff, 0x54, 0x24, 0x10],
            &[0xff, 0x14, 0xc8],
            &[0xff, 0x15, 1, 2, 3, 4],
            &[0xff, 0x90, 1, 2, 3, 4],
            &[0xff, 0x94, 0x24, 1, 2, 3, 4],
            &[0xff, 0x14, 0x25, 1, 2, 3, 4],
        ] {
            assert!(ends(call), "{call:x?}");
        }
        for other in [
            &[0x90][..],
            &[0xff, 0xe0],
            &[0xff, 0x15],
            &[0xe9, 1, 2, 3, 4],
            &[0xff, 0x50],
        ] {
            assert!(!ends(other), "{other:x?}");
        }
    }
}
