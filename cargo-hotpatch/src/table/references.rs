//! What a reference to a function means: its address (which is the thunk's from now on) or its bytes (the body).
//!
//! ```text
//!                        by the function's symbol          by its section's symbol
//! code   call, jmp, lea  PC32/PLT32 -4        → thunk      PC32/PLT32 -4        → thunk   (the field's end is the base)
//!        other PC32      inside the function  → body       inside the function  → body
//!        mov imm, push   64/32/32S +0         → thunk      64/32/32S +0         → thunk
//!        through the GOT any addend           → thunk      does not exist
//! data   vtable, static  64/32/32S +0         → thunk      64/32/32S +0         → thunk
//!        f - here        PC32/PC64            → thunk      a jump table's entry → body
//! unwind, debug, notes   anything             → body       anything             → body
//! ```

use anyhow::Result;
use iced_x86::{Code, Decoder, DecoderOptions, Mnemonic, OpKind, Register};

use super::elf::{
    R_X86_64_32, R_X86_64_32S, R_X86_64_64, R_X86_64_CODE_4_GOTPCRELX, R_X86_64_GOT32,
    R_X86_64_GOT64, R_X86_64_GOTOFF64, R_X86_64_GOTPCREL, R_X86_64_GOTPCREL64, R_X86_64_GOTPCRELX,
    R_X86_64_GOTPLT64, R_X86_64_PC32, R_X86_64_PC64, R_X86_64_PLT32, R_X86_64_PLTOFF64,
    R_X86_64_REX_GOTPCRELX, R_X86_64_SIZE32, R_X86_64_SIZE64, Relocatable, SHF_ALLOC,
    SHF_LINK_ORDER, SHT_RELA, SHT_X86_64_UNWIND, SectionHeader,
};

/// What kind of section a relocation is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Machine code.
    Code,
    /// Data that the program reads.
    Data,
    /// Tables about the code: unwind and exception tables, debug info, notes. They describe the body.
    About,
}

impl Place {
    /// The place that a relocated section is.
    pub(crate) fn of(section: &SectionHeader, name: &str) -> Self {
        if section.flags & SHF_ALLOC == 0
            || section.flags & SHF_LINK_ORDER != 0
            || section.kind == SHT_X86_64_UNWIND
            || name == ".eh_frame"
            || name.starts_with(".gcc_except_table")
            || name.starts_with(".note")
        {
            Self::About
        } else if section.is_code() {
            Self::Code
        } else {
            Self::Data
        }
    }
}

/// The sections of relocations for what is executed or read, each with the section that they are in, and what that is. Tables about
/// the code are left out.
pub(crate) fn relocated_sections(object: &Relocatable<'_>) -> Result<Vec<(u32, u32, Place)>> {
    let mut found = Vec::new();
    for (index, section) in (0u32..).zip(&object.sections) {
        if section.kind != SHT_RELA {
            continue;
        }
        let place = Place::of(
            object.section(section.info)?,
            object.section_name(section.info)?,
        );
        if place != Place::About {
            found.push((index, section.info, place));
        }
    }
    Ok(found)
}

/// Where a reference has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Thunk,
    Body,
    /// A kind of relocation whose meaning is not certain: its function must not have a slot.
    Unknown,
}

/// The meaning of a relocation of `kind` with `addend` in `place` against a function that begins where its symbol, or (for
/// `by_section`) its section begins.
pub(crate) fn target(place: Place, kind: u32, addend: i64, by_section: bool) -> Target {
    let thunk_if = |start: bool| if start { Target::Thunk } else { Target::Body };
    match (place, kind) {
        (Place::About, _) | (_, R_X86_64_SIZE32 | R_X86_64_SIZE64) => Target::Body,
        (_, R_X86_64_64 | R_X86_64_32 | R_X86_64_32S) => thunk_if(addend == 0),
        (Place::Code, R_X86_64_PC32 | R_X86_64_PLT32) => thunk_if(addend == -4),
        // An entry of a jump table is relative to the table, so its addend says nothing about where it leads.
        (Place::Data, R_X86_64_PC32 | R_X86_64_PC64) if by_section => Target::Body,
        (Place::Data, R_X86_64_PC32 | R_X86_64_PLT32) => Target::Thunk,
        _ if by_section => Target::Unknown,
        (
            _,
            R_X86_64_PC64
            | R_X86_64_GOT32
            | R_X86_64_GOTPCREL
            | R_X86_64_GOTPCRELX
            | R_X86_64_REX_GOTPCRELX
            | R_X86_64_CODE_4_GOTPCRELX
            | R_X86_64_GOT64
            | R_X86_64_GOTPCREL64
            | R_X86_64_GOTPLT64
            | R_X86_64_GOTOFF64
            | R_X86_64_PLTOFF64,
        ) => Target::Thunk,
        _ => Target::Unknown,
    }
}

/// References of a function to its own start which the assembler resolved, so that no relocation names them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SelfReferences {
    /// Offsets of 32-bit fields whose end is the base (addend -4) and which have to lead to the thunk.
    pub(crate) fields: Vec<u64>,
    /// Tail calls of itself with an 8-bit displacement, which cannot reach a thunk: such a frame goes on in the old code.
    pub(crate) short_tail_calls: usize,
}

/// Finds the references of a function to its own start; `None` when the code cannot be decoded although it may hold one.
///
/// A `jmp` to the start is a call only if the function begins by moving the stack pointer: a loop never goes back behind
/// that. Without such a beginning it is (nearly always) a loop of a frame that is running, and stays.
pub(crate) fn self_references(code: &[u8]) -> Option<SelfReferences> {
    let mut found = SelfReferences::default();
    if !may_refer_to_itself(code) {
        return Some(found);
    }
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let mut begins_with_stack = None;
    while decoder.can_decode() {
        let instruction = decoder.decode();
        if instruction.code() == Code::INVALID {
            return None;
        }
        let begins_with_stack = *begins_with_stack.get_or_insert_with(|| {
            instruction.mnemonic() == Mnemonic::Push
                || (instruction.mnemonic() == Mnemonic::Sub
                    && instruction.op0_register() == Register::RSP)
        });
        let fields = decoder.get_constant_offsets(&instruction);
        if instruction.is_ip_rel_memory_operand() && instruction.ip_rel_memory_address() == 0 {
            if instruction.mnemonic() == Mnemonic::Lea && fields.displacement_size() == 4 {
                found
                    .fields
                    .push(instruction.ip() + fields.displacement_offset() as u64);
            }
        } else if instruction.op_count() > 0
            && instruction.op0_kind() == OpKind::NearBranch64
            && instruction.near_branch_target() == 0
        {
            let is_call = instruction.mnemonic() == Mnemonic::Call;
            match fields.immediate_size() {
                4 if is_call || begins_with_stack => {
                    found
                        .fields
                        .push(instruction.ip() + fields.immediate_offset() as u64);
                }
                1 if begins_with_stack => found.short_tail_calls += 1,
                _ => {}
            }
        }
    }
    Some(found)
}

/// A cheap filter in front of the decoder: does any 32-bit field, or the displacement of a short jump, lead to the start?
fn may_refer_to_itself(code: &[u8]) -> bool {
    let long = code.windows(4).zip(4i64..).any(|(field, end)| {
        field[3] == 0xff
            && i64::from(i32::from_le_bytes([field[0], field[1], field[2], field[3]])) == -end
    });
    long || code
        .iter()
        .take(127)
        .zip(code.iter().skip(1))
        .zip(2i16..)
        .any(|((&opcode, &displacement), end)| {
            matches!(opcode, 0xeb | 0x70..=0x7f) && i16::from(displacement.cast_signed()) == -end
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_addresses_of_itself_are_found() {
        // push rax; call 0; lea rax, [rip - 13]; pop rcx; ret
        let code = [
            0x50, 0xe8, 0xfa, 0xff, 0xff, 0xff, 0x48, 0x8d, 0x05, 0xf3, 0xff, 0xff, 0xff, 0x59,
            0xc3,
        ];
        assert_eq!(
            self_references(&code),
            Some(SelfReferences {
                fields: vec![2, 9],
                short_tail_calls: 0
            })
        );
    }

    #[test]
    fn a_loop_at_the_start_is_not_a_call() {
        // dec rdi; jne 0; ret, with a short and with a long jump
        assert_eq!(
            self_references(&[0x48, 0xff, 0xcf, 0x75, 0xfb, 0xc3]),
            Some(SelfReferences::default())
        );
        let long = [0x48, 0xff, 0xcf, 0x0f, 0x85, 0xf7, 0xff, 0xff, 0xff, 0xc3];
        assert_eq!(self_references(&long), Some(SelfReferences::default()));
    }

    #[test]
    fn a_tail_call_runs_the_prologue_again() {
        // push rbx; pop rbx; jmp 0, with a short and with a long jump
        assert_eq!(
            self_references(&[0x53, 0x5b, 0xeb, 0xfc]),
            Some(SelfReferences {
                fields: vec![],
                short_tail_calls: 1
            })
        );
        assert_eq!(
            self_references(&[0x53, 0x5b, 0xe9, 0xf9, 0xff, 0xff, 0xff]),
            Some(SelfReferences {
                fields: vec![3],
                short_tail_calls: 0
            })
        );
    }

    #[test]
    fn a_relocated_call_and_a_constant_that_looks_like_one_are_left() {
        // call <relocated>; mov eax, -10 (whose field would be one); ret
        let code = [0xe8, 0, 0, 0, 0, 0xb8, 0xf6, 0xff, 0xff, 0xff, 0xc3];
        assert_eq!(self_references(&code), Some(SelfReferences::default()));
    }

    #[test]
    fn code_that_cannot_be_decoded_is_not_guessed_at() {
        // 06 is no instruction in 64-bit mode
        assert_eq!(self_references(&[0x06, 0xe8, 0xfa, 0xff, 0xff, 0xff]), None);
    }

    #[test]
    fn jump_tables_stay_on_the_body_and_vtables_go_to_the_thunk() {
        assert_eq!(target(Place::Data, R_X86_64_PC32, 0, true), Target::Body);
        assert_eq!(target(Place::Data, R_X86_64_64, 0, true), Target::Thunk);
        assert_eq!(target(Place::Data, R_X86_64_64, 0, false), Target::Thunk);
        assert_eq!(target(Place::Data, R_X86_64_64, 16, true), Target::Body);
        assert_eq!(target(Place::Code, R_X86_64_PC32, -4, true), Target::Thunk);
        assert_eq!(target(Place::Code, R_X86_64_PC32, 12, true), Target::Body);
        assert_eq!(target(Place::Code, R_X86_64_PC64, 0, true), Target::Unknown);
        assert_eq!(target(Place::About, R_X86_64_64, 0, false), Target::Body);
        assert_eq!(
            target(Place::Code, R_X86_64_REX_GOTPCRELX, -4, false),
            Target::Thunk
        );
        assert_eq!(target(Place::Data, 9999, 0, false), Target::Unknown);
    }
}
