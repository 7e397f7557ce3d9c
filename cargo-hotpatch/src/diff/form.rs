//! What a function does, however its calls are encoded.
//!
//! `call f`, `call *f@GOTPCREL` and a load of that entry with `call *%rax` behind it are one call: the first where `f` is in the same
//! object, the others where it is not. They have different lengths, so everything behind them moves. Which functions share an object
//! depends on how many there are, and a shadow has fewer than its crate.

use std::collections::HashMap;

use anyhow::Result;
use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

use super::digest::{Digest, Pair, masked};
use crate::object::read::{Relocation, SectionIndex, SymbolIndex};
use crate::object::reloc::is_call;

/// What counts of an instruction.
#[derive(Debug, Clone, Copy)]
enum Use<'r> {
    /// It loads what a call behind it goes through: a part of that call.
    Load,
    /// It calls, or jumps to, what this refers to.
    Call(&'r Relocation),
    /// It calls its own function; the assembler has resolved that.
    CallOfItself,
    /// It goes on at this place of the function, or may do so.
    Branch(u64),
    /// Its bytes, and what they refer to.
    Other(&'r [Relocation]),
}

impl Digest<'_, '_> {
    /// A digest of a function's instructions and of what they refer to. Calls count by what they call, branches by the instruction that
    /// they lead to. How the function unwinds, and its lines, are not part of it: their tables are by address. `None` if the code
    /// cannot be decoded.
    ///
    /// # Errors
    /// When a relocation is of an unknown kind or out of range.
    pub(super) fn form(
        &mut self,
        object: usize,
        symbol: SymbolIndex,
        section: SectionIndex,
    ) -> Result<Option<[u8; 32]>> {
        let (code, relocations) = self.code(object, symbol, section)?;
        let masked = masked(code, &relocations)?;
        let mut rest = relocations.as_slice();
        let mut loaded = HashMap::new();
        let mut uses = Vec::new();
        // By place; a load has the number of what follows it, and nothing branches between it and its call.
        let mut numbers: HashMap<u64, u64> = HashMap::new();
        let mut number = 0;
        for instruction in Decoder::with_ip(64, code, 0, DecoderOptions::NONE) {
            if instruction.code() == Code::INVALID {
                return Ok(None);
            }
            let count = rest
                .iter()
                .take_while(|relocation| relocation.offset < instruction.next_ip())
                .count();
            let (own, behind) = rest.split_at(count);
            rest = behind;
            let usage = usage(code, &instruction, own, &mut loaded);
            numbers.insert(instruction.ip(), number);
            number += u64::from(!matches!(usage, Use::Load));
            uses.push((instruction, usage));
        }
        let own_name = self.side.objects[object].file.symbols[symbol].name;
        let mut pair = Pair::new(b"form");
        for (instruction, usage) in uses {
            let mnemonic = instruction.mnemonic() as u64;
            match usage {
                Use::Load => {}
                Use::Call(relocation) => {
                    pair.number(mnemonic);
                    pair.update(b"calls");
                    self.meaning(&mut pair, object, section, relocation, 0)?;
                }
                Use::CallOfItself => {
                    pair.number(mnemonic);
                    pair.update(b"calls");
                    self.named(&mut pair, own_name, -4);
                }
                Use::Branch(target) => {
                    let Some(target) = numbers.get(&target) else {
                        return Ok(None);
                    };
                    pair.number(mnemonic);
                    pair.number(*target);
                }
                Use::Other(own) => {
                    let at = usize::try_from(instruction.ip())?;
                    pair.update(&masked[at..at + instruction.len()]);
                    for relocation in own {
                        pair.number(relocation.offset - instruction.ip());
                        pair.number(u64::from(relocation.kind));
                        self.meaning(&mut pair, object, section, relocation, 0)?;
                    }
                }
            }
        }
        Ok(Some(pair.finish().exact))
    }
}

/// `loaded`: which registers hold what a call will go through.
fn usage<'r>(
    code: &[u8],
    instruction: &Instruction,
    own: &'r [Relocation],
    loaded: &mut HashMap<Register, &'r Relocation>,
) -> Use<'r> {
    let mnemonic = instruction.mnemonic();
    if let [relocation] = own
        && is_call(code, relocation.offset, relocation.kind)
    {
        match mnemonic {
            Mnemonic::Call | Mnemonic::Jmp => return Use::Call(relocation),
            Mnemonic::Mov => {
                loaded.insert(instruction.op0_register(), relocation);
                return Use::Load;
            }
            _ => {}
        }
    }
    if mnemonic == Mnemonic::Call
        && instruction.op0_kind() == OpKind::Register
        && let Some(relocation) = loaded.remove(&instruction.op0_register())
    {
        return Use::Call(relocation);
    }
    if own.is_empty()
        && instruction.op_count() > 0
        && instruction.op0_kind() == OpKind::NearBranch64
    {
        return match instruction.near_branch_target() {
            0 if mnemonic == Mnemonic::Call => Use::CallOfItself,
            target => Use::Branch(target),
        };
    }
    Use::Other(own)
}
