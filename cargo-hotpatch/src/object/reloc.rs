//! What the relocation types of x86-64 mean (System V psABI for x86-64, table 4.9), as far as compilers use them.

/// `R_X86_64_*` numbers that this tool follows.
#[expect(missing_docs, reason = "the names are the ABI's own")]
pub mod kind {
    pub const NONE: u32 = 0;
    pub const ABS64: u32 = 1;
    pub const PC32: u32 = 2;
    pub const GOT32: u32 = 3;
    pub const PLT32: u32 = 4;
    pub const GOTPCREL: u32 = 9;
    pub const ABS32: u32 = 10;
    pub const ABS32S: u32 = 11;
    pub const DTPOFF64: u32 = 17;
    pub const TPOFF64: u32 = 18;
    pub const TLSGD: u32 = 19;
    pub const TLSLD: u32 = 20;
    pub const DTPOFF32: u32 = 21;
    pub const GOTTPOFF: u32 = 22;
    pub const TPOFF32: u32 = 23;
    pub const PC64: u32 = 24;
    pub const GOTOFF64: u32 = 25;
    pub const GOTPCRELX: u32 = 41;
    pub const REX_GOTPCRELX: u32 = 42;
}

/// The width in bytes of the field that a relocation of this kind fills, `None` for a kind that is not known.
#[must_use]
pub fn field_width(r_type: u32) -> Option<usize> {
    match r_type {
        kind::NONE => Some(0),
        kind::ABS64 | kind::DTPOFF64 | kind::TPOFF64 | kind::PC64 | kind::GOTOFF64 => Some(8),
        kind::PC32
        | kind::GOT32
        | kind::PLT32
        | kind::GOTPCREL
        | kind::ABS32
        | kind::ABS32S
        | kind::TLSGD
        | kind::TLSLD
        | kind::DTPOFF32
        | kind::GOTTPOFF
        | kind::TPOFF32
        | kind::GOTPCRELX
        | kind::REX_GOTPCRELX => Some(4),
        _ => None,
    }
}

/// True if the field at `offset` of `code` says where a call goes: `call` or `jmp` (a call in tail position), directly or through
/// the global offset table. Whatever else refers to a function takes its address.
#[must_use]
pub fn is_call(code: &[u8], offset: u64, r_type: u32) -> bool {
    let before = |distance: usize| {
        usize::try_from(offset)
            .ok()
            .and_then(|offset| code.get(offset.checked_sub(distance)?).copied())
    };
    match r_type {
        // No other instruction has one of these bytes in front of a field that counts from its own end.
        kind::PLT32 | kind::PC32 => matches!(before(1), Some(0xe8 | 0xe9)),
        kind::GOTPCREL | kind::GOTPCRELX => {
            before(2) == Some(0xff) && matches!(before(1), Some(0x15 | 0x25))
        }
        _ => false,
    }
}

/// The addend that makes a reference of this kind name the first byte of its target: -4 where the CPU counts from the
/// end of the 4-byte field, 0 for absolute ones.
#[must_use]
pub fn addend_of_start(r_type: u32) -> Option<i64> {
    match r_type {
        kind::PC32 | kind::PLT32 | kind::GOTPCREL | kind::GOTPCRELX | kind::REX_GOTPCRELX => {
            Some(-4)
        }
        kind::ABS64 | kind::ABS32 | kind::ABS32S => Some(0),
        _ => None,
    }
}
