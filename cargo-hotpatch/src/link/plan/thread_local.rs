//! Thread-locals of a patch: existing ones at their offset from the thread pointer, new ones in the reserve.

use anyhow::{Context, Result, bail};

use super::{AtomIndex, Planner, pretty, refuse};
use crate::codes;
use crate::link::store::ObjectIndex;
use crate::object::read::{Relocation, SymbolIndex};
use crate::object::reloc::kind;

impl Planner<'_, '_> {
    /// The offset of a thread-local from the thread pointer.
    pub(super) fn thread_local(&mut self, object: ObjectIndex, symbol: SymbolIndex) -> Result<i64> {
        let stored = self.store.object(object);
        let definition = stored.file.symbols[symbol];
        let mut symbol = symbol;
        let mut object = object;
        let mut name = definition.name.to_owned();
        let mut section = definition.section();
        if name.is_empty()
            && let Some(index) = section
            && let Some(named) = stored.symbols.of(index).first()
        {
            // A section symbol: the one thread-local in it is meant.
            symbol = *named;
            stored.file.symbols[symbol].name.clone_into(&mut name);
        }
        if let Some(offset) = self.live.thread_local(self.request.names.old_static(&name)) {
            return Ok(offset);
        }
        if section.is_none() {
            let found = match self.store.find_in_workspace(&name)? {
                Some(found) => Some(found),
                None => self.store.find_in_libraries(&name)?,
            };
            let Some((other, other_symbol)) = found else {
                return refuse(
                    &codes::UNRESOLVED,
                    format!(
                        "the thread-local `{}` is neither in the program nor in its build",
                        pretty(&name)
                    ),
                );
            };
            (object, symbol) = (other, other_symbol);
            section = self.store.object(object).file.symbols[symbol].section();
        }
        if let Some(offset) = self.new_thread_locals.get(&(object, symbol)) {
            return Ok(*offset);
        }
        let Some(section) = section else {
            bail!("the thread-local `{name}` has no section")
        };
        let source = &self.store.object(object).file.sections[section];
        if !source.is_zero_filled() && source.data.iter().any(|byte| *byte != 0) {
            return refuse(
                &codes::THREAD_LOCAL_IMAGE,
                format!(
                    "the new thread-local `{}` begins with a value that is not zero",
                    pretty(&name)
                ),
            );
        }
        let (size, align) = (source.size, source.align);
        let Some((offset, used)) =
            self.live
                .reserve_thread_local(self.plan.thread_local_used, size, align)
        else {
            return refuse(
                &codes::THREAD_LOCAL_SPACE,
                format!(
                    "the new thread-local `{}` needs {size} bytes, and {} of the reserve are in use",
                    pretty(&name),
                    self.plan.thread_local_used
                ),
            );
        };
        self.plan.thread_local_used = used;
        self.new_thread_locals.insert((object, symbol), offset);
        self.plan.thread_locals.push((name, offset));
        Ok(offset)
    }

    /// Rewrites the general and local dynamic access sequences to the local executable one, as a static linker does
    /// (System V psABI for x86-64, section 11.1.2 "Linker optimization for TLS"):
    ///
    /// ```text
    /// GD  66 48 8d 3d <TLSGD>  66 66 48 e8 <PLT32 __tls_get_addr>    mov %fs:0,%rax
    ///     66 48 8d 3d <TLSGD>  66 48 ff 15 <GOTPCRELX …>             lea x@tpoff(%rax),%rax
    /// LD  48 8d 3d <TLSLD>     e8 <PLT32 …>                          66 66 66 mov %fs:0,%rax
    ///     48 8d 3d <TLSLD>     ff 15 <GOTPCRELX …>                   66 66 66 66 mov %fs:0,%rax
    /// ```
    pub(super) fn relax_thread_local(
        &mut self,
        atom: AtomIndex,
        object: ObjectIndex,
        relocation: &Relocation,
        next: Option<Relocation>,
    ) -> Result<()> {
        const READ_THREAD_POINTER: [u8; 9] = [0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0];
        let field = usize::try_from(relocation.offset)?;
        let call = next.map(|next| next.offset.saturating_sub(relocation.offset));
        let code = &self.plan.atoms[atom].data;
        let at = |start: usize, length: usize| code.get(start..start + length).unwrap_or_default();
        let (start, replacement) = if relocation.kind == kind::TLSGD {
            let start = field.checked_sub(4).unwrap_or(usize::MAX / 2);
            let is_known = at(start, 4) == [0x66, 0x48, 0x8d, 0x3d]
                && (at(field + 4, 4) == [0x66, 0x66, 0x48, 0xe8]
                    || at(field + 4, 4) == [0x66, 0x48, 0xff, 0x15])
                && call == Some(8);
            if !is_known {
                return self.unknown_sequence(atom, relocation);
            }
            let offset = self
                .thread_local(object, relocation.symbol)?
                .wrapping_add(relocation.addend + 4);
            let offset = i32::try_from(offset)
                .context("a thread-local is further than 2 GiB from the thread pointer")?;
            let mut bytes = READ_THREAD_POINTER.to_vec();
            bytes.extend([0x48, 0x8d, 0x80]);
            bytes.extend(offset.to_le_bytes());
            (start, bytes)
        } else {
            let start = field.checked_sub(3).unwrap_or(usize::MAX / 2);
            let prefixes = match (at(start, 3), at(field + 4, 2), call) {
                ([0x48, 0x8d, 0x3d], [0xe8, _], Some(5)) => 3,
                ([0x48, 0x8d, 0x3d], [0xff, 0x15], Some(6)) => 4,
                _ => return self.unknown_sequence(atom, relocation),
            };
            let mut bytes = vec![0x66; prefixes];
            bytes.extend(READ_THREAD_POINTER);
            (start, bytes)
        };
        self.store_bytes(atom, start as u64, &replacement)
    }

    pub(super) fn unknown_sequence(&self, atom: AtomIndex, relocation: &Relocation) -> Result<()> {
        refuse(
            &codes::UNKNOWN_RELOCATION,
            format!(
                "a thread-local is accessed at {:#x} of `{}` by instructions that are not known",
                relocation.offset,
                pretty(&self.plan.atoms[atom].name)
            ),
        )
    }
}
