//! What the frames that exist may still call: from where each goes on, along its function's code.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use anyhow::Result;
use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, MemorySize, Mnemonic, OpKind, Register,
};

use crate::link::Live;
use crate::object::address::RunAddr;
use crate::process::stacks::{self, Look, Words};

/// What the frames of a process may still call.
#[derive(Debug)]
pub(super) struct Ahead {
    addresses: HashSet<u64>,
    /// The starts of the functions that have a frame.
    running: HashSet<u64>,
    is_whole: bool,
}

impl Ahead {
    /// Follows all frames that `look` has found in the code of the program and its patches.
    ///
    /// # Errors
    /// When the program's memory cannot be read.
    pub(super) fn of(live: &Live, look: &Look, process: u32) -> Result<Self> {
        let mut functions: BTreeMap<RunAddr, (RunAddr, BTreeSet<u64>)> = BTreeMap::new();
        for (inside, next) in look.places() {
            // Code of libraries calls the program through addresses that it was given.
            if let Some(code) = live.code_at(RunAddr(inside)) {
                let (_, places) = functions
                    .entry(code.start)
                    .or_insert_with(|| (code.end, BTreeSet::new()));
                places.insert(next);
            }
        }
        let words = Words::of(process);
        let mut addresses = HashSet::new();
        for (start, (end, places)) in &functions {
            let length = usize::try_from(end.0 - start.0)?;
            let code = stacks::read_bytes(process, start.0, length)?;
            addresses.extend(called_ahead(start.0, &code, places, &|address| {
                words.at(address).ok()
            }));
        }
        Ok(Self {
            addresses,
            running: functions.keys().map(|start| start.0).collect(),
            is_whole: look.is_whole(),
        })
    }

    /// False if it is certain that no frame comes to a call of what is at `address` (a slot, or code that has none).
    pub(super) fn may_call(&self, address: u64) -> bool {
        !self.is_whole || self.addresses.contains(&address)
    }

    /// True if the function whose code begins there has a frame.
    pub(super) fn runs(&self, code: u64) -> bool {
        self.running.contains(&code)
    }
}

/// What code at `start` may call from `places` on: targets of direct calls, and addresses that it takes or loads, since unoptimised
/// code loads the address of what it calls in another object.
fn called_ahead(
    start: u64,
    code: &[u8],
    places: &BTreeSet<u64>,
    word: &dyn Fn(u64) -> Option<u64>,
) -> HashSet<u64> {
    let body = Body { start, code };
    let instructions: Vec<Instruction> = body.instructions().collect();
    let tables = Tables {
        instructions: &instructions,
        word,
    };
    let ahead = body.reached_from(places.iter().copied(), &tables);
    // A panic goes on where no branch leads.
    let by_branches = body.reached_from(std::iter::once(start), &tables).addresses;
    let mut called = HashSet::new();
    for instruction in &instructions {
        let ip = instruction.ip();
        let is_ahead =
            !ahead.is_whole || ahead.addresses.contains(&ip) || !by_branches.contains(&ip);
        if is_ahead {
            called.extend(body.leads_out(instruction, word));
        }
    }
    called
}

/// The jump tables of a function.
pub(super) struct Tables<'t> {
    /// The function's, in order.
    pub(super) instructions: &'t [Instruction],
    pub(super) word: &'t dyn Fn(u64) -> Option<u64>,
}

impl Tables<'_> {
    /// So many instructions before a jump, its table is taken.
    const NEAR: usize = 12;
    /// No table has more entries.
    const MOST: u64 = 1 << 16;

    /// Where a jump leads that goes by a table of distances: `lea a, [table]`, `movsxd b, [a + 4 * b]`, `add`, `jmp`. It may be
    /// more than that, since nothing says how long the table is. `None` for another jump.
    pub(super) fn targets(
        &self,
        jump: &Instruction,
        inside: &std::ops::Range<u64>,
    ) -> Option<Vec<u64>> {
        let position = self
            .instructions
            .binary_search_by_key(&jump.ip(), Instruction::ip)
            .ok()?;
        let before = &self.instructions[position.saturating_sub(Self::NEAR)..position];
        let load = before.iter().rev().find(|instruction| {
            instruction.mnemonic() == Mnemonic::Movsxd && instruction.memory_index_scale() == 4
        })?;
        let added = before
            .last()
            .filter(|add| add.mnemonic() == Mnemonic::Add)?;
        let registers = [added.op0_register(), added.op1_register()];
        let is_that = added.op0_register() == jump.op0_register()
            && registers.contains(&load.op0_register())
            && registers.contains(&load.memory_base());
        let taken = before.iter().rev().find(|instruction| {
            instruction.mnemonic() == Mnemonic::Lea
                && instruction.op0_register() == load.memory_base()
        })?;
        if !is_that || !taken.is_ip_rel_memory_operand() {
            return None;
        }
        let table = taken.ip_rel_memory_address();
        let targets = (0..Self::MOST).map_while(|index| {
            let distance = self.distance(table + 4 * index)?;
            let target = table.wrapping_add_signed(i64::from(distance));
            inside.contains(&target).then_some(target)
        });
        Some(targets.collect()).filter(|targets: &Vec<u64>| !targets.is_empty())
    }

    /// The four bytes there.
    fn distance(&self, address: u64) -> Option<i32> {
        let word = (self.word)(address & !7)?.to_le_bytes();
        let half = match address % 8 {
            0 => &word[..4],
            4 => &word[4..],
            _ => return None,
        };
        Some(i32::from_le_bytes(half.try_into().ok()?))
    }
}

/// A function's code.
pub(super) struct Body<'c> {
    pub(super) start: u64,
    pub(super) code: &'c [u8],
}

/// Where a way through a function's code leads.
pub(super) struct Reached {
    /// Of instructions.
    pub(super) addresses: HashSet<u64>,
    /// False where it could not be told where a jump leads.
    pub(super) is_whole: bool,
    /// It comes to a return, or to a jump out of the function.
    pub(super) leaves: bool,
}

impl Body<'_> {
    fn end(&self) -> u64 {
        self.start + self.code.len() as u64
    }

    /// All of it, one behind the other.
    pub(super) fn instructions(&self) -> impl Iterator<Item = Instruction> {
        let mut decoder = Decoder::with_ip(64, self.code, self.start, DecoderOptions::NONE);
        std::iter::from_fn(move || decoder.can_decode().then(|| decoder.decode()))
    }

    pub(super) fn at(&self, address: u64) -> Option<Instruction> {
        let offset = usize::try_from(address.checked_sub(self.start)?).ok()?;
        let bytes = self.code.get(offset..).filter(|bytes| !bytes.is_empty())?;
        let mut decoder = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE);
        Some(decoder.decode()).filter(|instruction| !instruction.is_invalid())
    }

    fn reached_from(&self, places: impl Iterator<Item = u64>, tables: &Tables<'_>) -> Reached {
        self.reached_before(places, tables, &|_| false)
    }

    /// What is reached from `places` without an instruction that is an `end`.
    pub(super) fn reached_before(
        &self,
        places: impl Iterator<Item = u64>,
        tables: &Tables<'_>,
        is_end: &dyn Fn(&Instruction) -> bool,
    ) -> Reached {
        let within = self.start..self.end();
        let mut reached = Reached {
            addresses: HashSet::new(),
            is_whole: true,
            leaves: false,
        };
        let mut left: Vec<u64> = places.collect();
        while let Some(address) = left.pop() {
            // A frame whose call never returns may stand at the very end.
            if address == self.end() || !reached.addresses.insert(address) {
                continue;
            }
            let Some(instruction) = self.at(address) else {
                reached.is_whole = false;
                continue;
            };
            if is_end(&instruction) {
                continue;
            }
            let near = is_near(&instruction).then(|| instruction.near_branch_target());
            let inside = near.filter(|target| within.contains(target));
            reached.leaves |= instruction.flow_control() == FlowControl::Return
                || (!is_call(&instruction) && near.is_some() && inside.is_none());
            match instruction.flow_control() {
                FlowControl::Next | FlowControl::Call | FlowControl::IndirectCall => {
                    left.push(instruction.next_ip());
                }
                FlowControl::ConditionalBranch if near.is_some() => {
                    left.extend(inside);
                    left.push(instruction.next_ip());
                }
                FlowControl::UnconditionalBranch if near.is_some() => left.extend(inside),
                FlowControl::Return | FlowControl::Exception => {}
                FlowControl::IndirectBranch => match tables.targets(&instruction, &within) {
                    Some(targets) => left.extend(targets),
                    None => reached.is_whole = false,
                },
                _ => reached.is_whole = false,
            }
        }
        reached
    }

    /// The addresses outside of this code, or at its start, that an instruction names.
    pub(super) fn leads_out(
        &self,
        instruction: &Instruction,
        word: &dyn Fn(u64) -> Option<u64>,
    ) -> impl Iterator<Item = u64> {
        let (inside, start) = (self.start..self.end(), self.start);
        let near = is_near(instruction).then(|| instruction.near_branch_target());
        let named = instruction
            .is_ip_rel_memory_operand()
            .then(|| instruction.ip_rel_memory_address());
        let loaded = named.and_then(word);
        [near, named, loaded]
            .into_iter()
            .flatten()
            .filter(move |address| *address == start || !inside.contains(address))
    }
}

/// True for code that goes where a byte of what it is given says, before it calls anything: an `async` body that goes on where it
/// was left does (by a jump table, or by comparing where it has few places to wait). So does a closure that begins with a `match`.
pub(super) fn begins_where_it_was_left(code: &[u8]) -> bool {
    let body = Body { start: 0, code };
    let mut before: Option<Instruction> = None;
    let mut has_state = false;
    for instruction in body.instructions() {
        match instruction.flow_control() {
            FlowControl::Next => {}
            FlowControl::IndirectBranch => return true,
            // A `bool` is tested by its lowest bit alone.
            FlowControl::ConditionalBranch => {
                return has_state
                    && before.is_some_and(|test| {
                        test.mnemonic() == Mnemonic::Test
                            && test.op0_register() == test.op1_register()
                            && test.op0_register().is_gpr32()
                    });
            }
            _ => return false,
        }
        has_state |= instruction.mnemonic() == Mnemonic::Movzx
            && instruction.op1_kind() == OpKind::Memory
            && instruction.memory_size() == MemorySize::UInt8
            && instruction.memory_base() != Register::RSP;
        before = Some(instruction);
    }
    false
}

/// True for a call of whatever kind.
pub(super) fn is_call(instruction: &Instruction) -> bool {
    matches!(
        instruction.flow_control(),
        FlowControl::Call | FlowControl::IndirectCall
    )
}

fn is_near(instruction: &Instruction) -> bool {
    instruction.op_count() == 1 && instruction.op0_kind() == OpKind::NearBranch64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: u64 = 0x2000;

    fn called(code: &[u8], place: u64) -> HashSet<u64> {
        called_ahead(0x1000, code, &BTreeSet::from([place]), &|address| {
            (address == 0x3000).then_some(0x4000)
        })
    }

    fn call_of(slot: u64, at: u64) -> Vec<u8> {
        let distance = i32::try_from(slot.cast_signed() - (at + 5).cast_signed()).expect("near");
        [&[0xe8][..], &distance.to_le_bytes()].concat()
    }

    #[test]
    fn a_call_that_lies_behind_is_not_made_again() {
        // call SLOT; nop; jmp to the nop.
        let code = [&call_of(SLOT, 0x1000)[..], &[0x90, 0xeb, 0xfd]].concat();
        assert!(called(&code, 0x1000).contains(&SLOT));
        assert!(!called(&code, 0x1005).contains(&SLOT));
    }

    #[test]
    fn where_a_jump_table_leads_is_not_known() {
        // call SLOT; jmp rax.
        let code = [&call_of(SLOT, 0x1000)[..], &[0xff, 0xe0]].concat();
        assert!(called(&code, 0x1005).contains(&SLOT));
    }

    #[test]
    fn a_jump_table_is_followed() {
        // lea rax, [3000]; movsxd rcx, [rax + 4 * rcx]; add rax, rcx; jmp rax; call SLOT; jmp to itself.
        let head = [
            &[0x48, 0x8d, 0x05][..],
            &(0x3000_i32 - 0x1007).to_le_bytes(),
            &[0x48, 0x63, 0x0c, 0x88, 0x48, 0x01, 0xc8, 0xff, 0xe0],
        ]
        .concat();
        let call = 0x1000 + head.len() as u64;
        let code = [&head[..], &call_of(SLOT, call), &[0xeb, 0xfe]].concat();
        let called = |place, targets: [u64; 2]| {
            let distance = |target: u64| target.wrapping_sub(0x3000) & u64::from(u32::MAX);
            let table = distance(targets[0]) | distance(targets[1]) << 32;
            called_ahead(0x1000, &code, &BTreeSet::from([place]), &|address| {
                (address == 0x3000).then_some(table)
            })
        };
        let (first, second) = (call, call + 5);
        assert!(called(0x1000, [first, second]).contains(&SLOT));
        assert!(!called(second, [first, second]).contains(&SLOT));
        // What no entry names is a panic's way on.
        assert!(called(second, [second, second]).contains(&SLOT));
    }

    #[test]
    fn a_panic_goes_on_where_no_branch_leads() {
        // jmp to itself; then a landing pad: call SLOT; ud2.
        let code = [&[0xeb, 0xfe][..], &call_of(SLOT, 0x1002), &[0x0f, 0x0b]].concat();
        assert!(called(&code, 0x1000).contains(&SLOT));
    }

    #[test]
    fn code_that_goes_on_where_it_was_left_is_known() {
        // mov eax, ecx; jmp rax — and: call; jmp rax.
        assert!(begins_where_it_was_left(&[0x89, 0xc8, 0xff, 0xe0]));
        assert!(!begins_where_it_was_left(&[0xe8, 0, 0, 0, 0, 0xff, 0xe0]));
        assert!(!begins_where_it_was_left(&[0xc3]));
        // movzx eax, byte [rdi+5]; test eax, eax; je — and with test al, 1.
        let load = [0x0f, 0xb6, 0x47, 0x05];
        let state = [&load[..], &[0x85, 0xc0, 0x74, 0x00]].concat();
        assert!(begins_where_it_was_left(&state));
        let flag = [&load[..], &[0xa8, 0x01, 0x74, 0x00]].concat();
        assert!(!begins_where_it_was_left(&flag));
    }

    #[test]
    fn an_address_that_is_loaded_may_be_called() {
        // lea rax, [rip + ...2000]; call rax; mov rax, [rip + ...3000]; call rax; ret.
        let lea = [
            &[0x48, 0x8d, 0x05][..],
            &(0x2000_i32 - 0x1007).to_le_bytes(),
        ]
        .concat();
        let load = [
            &[0x48, 0x8b, 0x05][..],
            &(0x3000_i32 - 0x1010).to_le_bytes(),
        ]
        .concat();
        let code = [&lea[..], &[0xff, 0xd0], &load, &[0xff, 0xd0, 0xc3]].concat();
        let found = called(&code, 0x1000);
        assert!(found.contains(&SLOT) && found.contains(&0x4000));
        let found = called(&code, 0x1009);
        assert!(!found.contains(&SLOT) && found.contains(&0x4000));
    }
}
