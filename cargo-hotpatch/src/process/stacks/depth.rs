//! How deep a function's frame is at one of its instructions, worked out from its code.
//!
//! Unwind tables of functions with a frame pointer (the precompiled standard library has them) tell where the frame is
//! relative to `rbp`. Of a thread that waits in a system call only the stack pointer is known. The distance between the two
//! is the same whenever the instruction is reached, unless the function moves the stack pointer by an amount that is
//! only known at run time; so the code is followed from its start, and each instruction that moves the stack pointer is
//! counted. What is reached with two distances, or by a way that isn't understood, has none.
//!
//! Where a jump table leads to is not known, but that is within the function, to where no other way leads or where the
//! distance is the same: compilers give each instruction one distance. So what nothing else reaches is taken to be reached
//! from there, and a place with another distance than that of the jump is not trusted.

use std::collections::HashMap;

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    OpKind, Register,
};

/// Bytes between the stack pointer and the canonical frame address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Depth {
    /// Of `rsp`; `None` where it depends on the run.
    stack: Option<i64>,
    /// Of `rbp`, while it is this function's frame pointer.
    frame: Option<i64>,
}

/// The distance in bytes from the stack pointer up to the canonical frame address, when the instruction at `place` is
/// next. `code` is that of one unwind entry, which begins at `start`, where the distance is `depth_at_start`.
pub(super) fn depth_at(code: &[u8], start: u64, depth_at_start: i64, place: u64) -> Option<u64> {
    let mut known: HashMap<u64, Depth> = HashMap::new();
    let mut left = vec![(
        start,
        Depth {
            stack: Some(depth_at_start),
            frame: None,
        },
    )];
    let mut information = InstructionInfoFactory::new();
    // Of the jumps through tables, and where the instructions end that were come to.
    let end = start + code.len() as u64;
    let mut at_jumps: Option<Depth> = None;
    let mut ends: HashMap<u64, u64> = HashMap::new();
    let mut swept = start;
    loop {
        let Some((address, depth)) = left.pop() else {
            let unreached =
                at_jumps.and_then(|depth| Some((first_gap(&mut swept, end, &ends)?, depth)));
            match unreached {
                Some(place) => left.push(place),
                None => break,
            }
            continue;
        };
        let depth = match known.get(&address) {
            Some(before) if *before == depth => continue,
            Some(before) => {
                // Two ways that differ: only what they agree on is known.
                let merged = Depth {
                    stack: before.stack.filter(|stack| depth.stack == Some(*stack)),
                    frame: before.frame.filter(|frame| depth.frame == Some(*frame)),
                };
                if merged == *before {
                    continue;
                }
                merged
            }
            None => depth,
        };
        known.insert(address, depth);
        // Behind the end there is another function.
        let Some(bytes) = address
            .checked_sub(start)
            .and_then(|offset| code.get(usize::try_from(offset).ok()?..))
            .filter(|bytes| !bytes.is_empty())
        else {
            continue;
        };
        let mut decoder = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE);
        let instruction = decoder.decode();
        ends.insert(address, instruction.next_ip().max(address + 1));
        if instruction.is_invalid() {
            continue;
        }
        let next = after(&instruction, depth, &mut information);
        let near = instruction.op_count() == 1 && instruction.op0_kind() == OpKind::NearBranch64;
        match instruction.flow_control() {
            // `syscall` counts as a call.
            FlowControl::Next | FlowControl::IndirectCall | FlowControl::Call => {
                left.push((instruction.next_ip(), next));
            }
            FlowControl::ConditionalBranch if near => {
                left.push((instruction.near_branch_target(), next));
                left.push((instruction.next_ip(), next));
            }
            FlowControl::UnconditionalBranch if near => {
                left.push((instruction.near_branch_target(), next));
            }
            // Through the global offset table, to another function.
            FlowControl::IndirectBranch if instruction.is_ip_rel_memory_operand() => {}
            FlowControl::Return | FlowControl::Exception | FlowControl::Interrupt => {}
            FlowControl::IndirectBranch
                if next.stack.is_some() && at_jumps.is_none_or(|other| other == next) =>
            {
                at_jumps = Some(next);
            }
            _ => return None,
        }
    }
    let depth = known.get(&place)?.stack?;
    if at_jumps.is_some_and(|jump| jump.stack != Some(depth)) {
        return None;
    }
    u64::try_from(depth).ok()
}

/// The first instruction that was not come to. `ends` are the ends of those that were; up to `swept` there is no other.
fn first_gap(swept: &mut u64, end: u64, ends: &HashMap<u64, u64>) -> Option<u64> {
    while let Some(next) = ends.get(swept) {
        *swept = *next;
    }
    (*swept < end).then_some(*swept)
}

fn after(
    instruction: &Instruction,
    depth: Depth,
    information: &mut InstructionInfoFactory,
) -> Depth {
    let first = || instruction.op0_register() == Register::RSP;
    let is_immediate = || {
        matches!(
            instruction.op1_kind(),
            OpKind::Immediate8to64 | OpKind::Immediate32to64
        )
    };
    let add = |bytes: i64| depth.stack.map(|stack| stack + bytes);
    let immediate = || instruction.immediate(1).cast_signed();
    let unwritten = |stack| Depth { stack, ..depth };
    match instruction.mnemonic() {
        // Its return has taken the return address away again.
        Mnemonic::Call | Mnemonic::Syscall => return depth,
        Mnemonic::Push if !writes(instruction, Register::RBP, information) => {
            return unwritten(add(-i64::from(instruction.stack_pointer_increment())));
        }
        Mnemonic::Pop if instruction.op0_register() == Register::RBP => {
            return Depth {
                stack: add(-i64::from(instruction.stack_pointer_increment())),
                frame: None,
            };
        }
        Mnemonic::Pop if !first() => {
            return unwritten(add(-i64::from(instruction.stack_pointer_increment())));
        }
        Mnemonic::Sub if first() && is_immediate() => return unwritten(add(immediate())),
        Mnemonic::Add if first() && is_immediate() => return unwritten(add(-immediate())),
        Mnemonic::Mov if first() && instruction.op1_register() == Register::RBP => {
            return unwritten(depth.frame);
        }
        Mnemonic::Mov
            if instruction.op0_register() == Register::RBP
                && instruction.op1_register() == Register::RSP =>
        {
            return Depth {
                frame: depth.stack,
                ..depth
            };
        }
        Mnemonic::Lea
            if instruction.memory_index() == Register::None
                && matches!(instruction.op0_register(), Register::RSP | Register::RBP) =>
        {
            let base = match instruction.memory_base() {
                Register::RSP => depth.stack,
                Register::RBP => depth.frame,
                _ => None,
            };
            let moved = base
                .map(|base| base.wrapping_sub(instruction.memory_displacement64().cast_signed()));
            return if first() {
                unwritten(moved)
            } else {
                Depth {
                    frame: moved,
                    ..depth
                }
            };
        }
        Mnemonic::Leave => {
            return Depth {
                stack: depth.frame.map(|frame| frame - 8),
                frame: None,
            };
        }
        _ => {}
    }
    Depth {
        stack: depth
            .stack
            .filter(|_| !writes(instruction, Register::RSP, information)),
        frame: depth
            .frame
            .filter(|_| !writes(instruction, Register::RBP, information)),
    }
}

fn writes(
    instruction: &Instruction,
    register: Register,
    information: &mut InstructionInfoFactory,
) -> bool {
    information
        .info(instruction)
        .used_registers()
        .iter()
        .any(|used| {
            used.register().full_register() == register
                && matches!(
                    used.access(),
                    OpAccess::Write
                        | OpAccess::CondWrite
                        | OpAccess::ReadWrite
                        | OpAccess::ReadCondWrite
                )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// push rbp; mov rbp, rsp; push rbx; sub rsp, 0x18; je +2; nop; nop; call; add rsp, 0x18; pop rbx; pop rbp; ret
    const FRAMED: [u8; 25] = [
        0x55, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x83, 0xec, 0x18, 0x74, 0x02, 0x90, 0x90, 0xe8, 0, 0,
        0, 0, 0x48, 0x83, 0xc4, 0x18, 0x5b, 0x5d, 0xc3,
    ];

    #[test]
    fn each_instruction_has_the_depth_of_its_pushes() {
        let depth = |place: u64| depth_at(&FRAMED, 0x1000, 8, 0x1000 + place);
        assert_eq!(depth(0), Some(8));
        assert_eq!(depth(1), Some(16));
        assert_eq!(depth(5), Some(24));
        assert_eq!(depth(13), Some(48), "after the branch");
        assert_eq!(depth(18), Some(48), "after the call");
        assert_eq!(depth(23), Some(16));
        assert_eq!(depth(24), Some(8));
        assert_eq!(depth(6), None, "in the middle of an instruction");
        assert_eq!(depth(25), None, "behind the return");
    }

    #[test]
    fn what_a_jump_table_leads_to_has_the_depth_of_the_jump() {
        // push rbp; mov rbp, rsp; push rbx; push rax; jmp rax; call; jmp to the end; call; the end: add rsp, 8; pop rbx; pop rbp; ret
        let table = [
            0x55, 0x48, 0x89, 0xe5, 0x53, 0x50, 0xff, 0xe0, 0xe8, 0, 0, 0, 0, 0xeb, 0x05, 0xe8, 0,
            0, 0, 0, 0x48, 0x83, 0xc4, 0x08, 0x5b, 0x5d, 0xc3,
        ];
        let depth = |place: u64| depth_at(&table, 0x1000, 8, 0x1000 + place);
        assert_eq!(depth(13), Some(32), "behind the call in the first case");
        assert_eq!(depth(20), Some(32), "behind that in the second");
        assert_eq!(depth(24), None, "another than that of the jump");
        // With a stack pointer that depends on the run, it may be anything: sub rsp, rax; jmp rcx; call
        let dynamic = [0x48, 0x29, 0xc4, 0xff, 0xe1, 0xe8, 0, 0, 0, 0, 0x90];
        assert_eq!(depth_at(&dynamic, 0, 8, 10), None);
    }

    #[test]
    fn what_depends_on_the_run_has_no_depth() {
        // push rbp; mov rbp, rsp; and rsp, -32; call; mov rsp, rbp; pop rbp; ret
        let aligned = [
            0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xe4, 0xe0, 0xe8, 0, 0, 0, 0, 0x48, 0x89, 0xec,
            0x5d, 0xc3,
        ];
        assert_eq!(depth_at(&aligned, 0, 8, 13), None);
        assert_eq!(depth_at(&aligned, 0, 8, 16), Some(16), "it is known again");
        // A loop that pushes: push rax; call; jmp to the push.
        let growing = [0x50, 0xe8, 0, 0, 0, 0, 0xeb, 0xf8];
        assert_eq!(depth_at(&growing, 0, 8, 6), None);
        // sub rsp, rax; call
        let dynamic = [0x48, 0x29, 0xc4, 0xe8, 0, 0, 0, 0, 0x90];
        assert_eq!(depth_at(&dynamic, 0, 8, 8), None);
    }
}
