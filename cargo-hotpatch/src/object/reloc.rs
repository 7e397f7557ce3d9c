//! What the relocation types of x86-64 mean (System V psABI for x86-64, table 4.9), as far as compilers use them.

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, InstructionInfoFactory, Mnemonic, OpKind, Register,
};

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

/// True if the field at `offset` of `code` says where a call goes: `call` or `jmp` (a call in tail position), directly, through
/// the global offset table, or through a register that is loaded from there and serves nothing else (as unoptimised code calls what is in
/// another object). Whatever else refers to a function takes its address.
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
        kind::GOTPCREL | kind::GOTPCRELX
            if before(2) == Some(0xff) && matches!(before(1), Some(0x15 | 0x25)) =>
        {
            true
        }
        kind::GOTPCREL | kind::REX_GOTPCRELX if before(2) == Some(0x8b) => usize::try_from(offset)
            .ok()
            .and_then(|offset| code.get(offset.checked_sub(3)?..))
            .is_some_and(is_only_called),
        _ => false,
    }
}

/// True if `code` begins with a load of a register, and the register is used for nothing but a call, with no branch before it.
fn is_only_called(code: &[u8]) -> bool {
    /// Between the load and the call stand the arguments.
    const FAR: usize = 64;
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let load = decoder.decode();
    if load.mnemonic() != Mnemonic::Mov || load.op0_kind() != OpKind::Register {
        return false;
    }
    let register = load.op0_register();
    let mut factory = InstructionInfoFactory::new();
    for _ in 0..FAR {
        let instruction = decoder.decode();
        if instruction.mnemonic() == Mnemonic::Call
            && instruction.op0_kind() == OpKind::Register
            && instruction.op0_register() == register
        {
            // These the call overwrites, and no function is given an argument in them.
            return matches!(register, Register::RAX | Register::R10 | Register::R11);
        }
        let is_used = factory
            .info(&instruction)
            .used_registers()
            .iter()
            .any(|used| used.register().full_register() == register);
        if is_used || instruction.flow_control() != FlowControl::Next {
            return false;
        }
    }
    false
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_through_a_register_is_one_if_the_register_serves_nothing_else() {
        // mov rax, [rip]; …
        let load = [0x48, 0x8b, 0x05, 0, 0, 0, 0];
        let with = |rest: &[u8]| is_call(&[&load, rest].concat(), 3, kind::REX_GOTPCRELX);
        // call rax
        assert!(with(&[0xff, 0xd0]));
        // lea rdi, [rsp+0x58]; call rax
        assert!(with(&[0x48, 0x8d, 0x7c, 0x24, 0x58, 0xff, 0xd0]));
        // mov [rsp], rax; call rax
        assert!(!with(&[0x48, 0x89, 0x04, 0x24, 0xff, 0xd0]));
        // call rcx
        assert!(!with(&[0xff, 0xd1]));
        // jmp 0; call rax
        assert!(!with(&[0xeb, 0x00, 0xff, 0xd0]));
        // ret, and the end
        assert!(!with(&[0xc3]));
        assert!(!with(&[]));
        // mov rdi, [rip]; call rdi
        assert!(!is_call(
            &[0x48, 0x8b, 0x3d, 0, 0, 0, 0, 0xff, 0xd7],
            3,
            kind::REX_GOTPCRELX
        ));
        // call [rip]; lea rax, [rip]
        assert!(is_call(&[0xff, 0x15, 0, 0, 0, 0], 2, kind::GOTPCRELX));
        assert!(!is_call(&[0x48, 0x8d, 0x05, 0, 0, 0, 0], 3, kind::PC32));
    }
}
