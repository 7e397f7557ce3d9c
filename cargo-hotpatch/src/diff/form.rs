//! What a function does, however its calls are encoded.
//!
//! `call f`, `call *f@GOTPCREL` and a load of that entry with `call *%rax` behind it are one call: the first where `f` is in the same
//! object, the others where it is not. They have different lengths, so everything behind them moves. Which functions share an object
//! depends on how many there are, and a shadow has fewer than its crate.

use std::collections::HashMap;

use anyhow::Result;
use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

use super::digest::{Digest, Pair};
use crate::object::read::{Relocation, SectionIndex, SymbolIndex};
use crate::object::reloc::{field_width, is_call, kind};

/// How a relocated reference is used by its instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It says where this call, or jump, goes.
    Call(Mnemonic),
    /// It says where the call through this register goes that follows.
    Load(Register),
    Other,
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
        let (start, size) = self.extent(object, symbol, section);
        let file = self.side.objects[object].file;
        let data = file.sections[section].data;
        let end = start.saturating_add(size).min(data.len() as u64);
        let code = &data[usize::try_from(start.min(end))?..usize::try_from(end)?];
        let mut relocations: Vec<Relocation> = file
            .relocations(section)?
            .into_iter()
            .filter(|relocation| (start..end).contains(&relocation.offset))
            .map(|relocation| Relocation {
                offset: relocation.offset - start,
                ..relocation
            })
            .collect();
        relocations.sort_by_key(|relocation| relocation.offset);

        let instructions: Vec<Instruction> = Decoder::with_ip(64, code, 0, DecoderOptions::NONE)
            .iter()
            .collect();
        if instructions
            .iter()
            .any(|instruction| instruction.code() == Code::INVALID)
        {
            return Ok(None);
        }
        let number_of: HashMap<u64, u64> = (0..)
            .zip(&instructions)
            .map(|(number, instruction)| (instruction.ip(), number))
            .collect();
        // A load that belongs to a call is no instruction of its own, and nothing branches between the two.
        let mut skipped = 0;
        let mut numbers = HashMap::new();
        let mut loaded: HashMap<Register, Relocation> = HashMap::new();
        let mut pair = Pair::new(b"form");
        let mut rest = relocations.as_slice();
        let mut of_instruction = Vec::with_capacity(instructions.len());
        for (number, instruction) in (0_u64..).zip(&instructions) {
            let count = rest
                .iter()
                .take_while(|relocation| relocation.offset < instruction.next_ip())
                .count();
            let (own, behind) = rest.split_at(count);
            rest = behind;
            let usage = match own {
                [one] => usage(code, instruction, one),
                _ => Use::Other,
            };
            numbers.insert(number, number - skipped);
            skipped += u64::from(matches!(usage, Use::Load(_)));
            of_instruction.push((own, usage));
        }
        for (instruction, (own, usage)) in instructions.iter().zip(of_instruction) {
            match (usage, own) {
                (Use::Load(register), [one]) => {
                    loaded.insert(register, *one);
                    continue;
                }
                (Use::Call(mnemonic), [one]) => {
                    pair.number(mnemonic as u64);
                    self.called(&mut pair, object, section, one)?;
                    continue;
                }
                _ => {}
            }
            if instruction.mnemonic() == Mnemonic::Call
                && instruction.op0_kind() == OpKind::Register
                && let Some(one) = loaded.remove(&instruction.op0_register())
            {
                pair.number(Mnemonic::Call as u64);
                self.called(&mut pair, object, section, &one)?;
                continue;
            }
            if own.is_empty()
                && instruction.op_count() > 0
                && instruction.op0_kind() == OpKind::NearBranch64
            {
                if instruction.mnemonic() == Mnemonic::Call && instruction.near_branch_target() == 0
                {
                    // The assembler resolves a local function's call of itself.
                    pair.number(Mnemonic::Call as u64);
                    pair.update(b"calls");
                    self.named(&mut pair, file.symbols[symbol].name, -4);
                    continue;
                }
                let target = number_of.get(&instruction.near_branch_target());
                let Some(target) = target.and_then(|number| numbers.get(number)) else {
                    return Ok(None);
                };
                pair.number(instruction.mnemonic() as u64);
                pair.number(*target);
                continue;
            }
            let at = usize::try_from(instruction.ip())?;
            let mut bytes = code[at..at + instruction.len()].to_vec();
            for relocation in own {
                let field = usize::try_from(relocation.offset)? - at;
                let width = field_width(relocation.kind).unwrap_or_default();
                if let Some(field) = bytes.get_mut(field..field + width) {
                    field.fill(0);
                }
            }
            pair.update(&bytes);
            for relocation in own {
                pair.number(relocation.offset - instruction.ip());
                pair.number(u64::from(relocation.kind));
                self.meaning(&mut pair, object, section, relocation, 0)?;
            }
        }
        Ok(Some(pair.finish().exact))
    }

    fn called(
        &mut self,
        pair: &mut Pair,
        object: usize,
        section: SectionIndex,
        relocation: &Relocation,
    ) -> Result<()> {
        pair.update(b"calls");
        self.meaning(pair, object, section, relocation, 0)
    }
}

fn usage(code: &[u8], instruction: &Instruction, relocation: &Relocation) -> Use {
    if !is_call(code, relocation.offset, relocation.kind) {
        return Use::Other;
    }
    match instruction.mnemonic() {
        mnemonic @ (Mnemonic::Call | Mnemonic::Jmp) => Use::Call(mnemonic),
        Mnemonic::Mov
            if matches!(relocation.kind, kind::GOTPCREL | kind::REX_GOTPCRELX)
                && instruction.op0_kind() == OpKind::Register =>
        {
            Use::Load(instruction.op0_register())
        }
        _ => Use::Other,
    }
}
