//! Puts the functions of one object behind thunks.
//!
//! ```text
//! before   .text.f      f: …                          .rela.data  &f
//! after    .text.f      f.hpb<id>: …   (local)        .rela.data  &f
//!          .hp_thunks   f: jmp f.hpb<id>; int3 ×3                  (the same name: now the thunk)
//! ```
//!
//! The file keeps every byte where it was; relocations are redirected in place, and whatever grows (symbols, strings,
//! `.eh_frame`, groups, the section headers) is written anew at the end. Sections keep their indexes, local symbols keep
//! theirs, and global symbols move up by the number of locals that are new.

use anyhow::{Context as _, Result, ensure};

use super::elf::{
    FILE_HEADER_SIZE, R_X86_64_PC32, R_X86_64_PLT32, RELA_SIZE, Rela, Relocatable, SHF_ALLOC,
    SHF_EXCLUDE, SHF_EXECINSTR, SHF_GNU_RETAIN, SHF_GROUP, SHF_INFO_LINK, SHN_LORESERVE,
    SHN_XINDEX, SHT_GROUP, SHT_LLVM_ADDRSIG, SHT_PROGBITS, SHT_REL, SHT_RELA, SHT_SYMTAB_SHNDX,
    STB_LOCAL, STT_FUNC, STT_SECTION, SectionHeader, Symbol, pad_to, u32_at, u64_at,
};
use super::frames::{CIE, push_entry};
use super::policy::SlotPolicy;
use super::references::{Place, Target, target};
use super::slots::Plan;
use super::{THUNK_SECTION, THUNK_SIZE};

/// A thunk before its relocation is applied: `jmp rel32`, then three `int3`.
const THUNK: [u8; THUNK_SIZE] = [0xe9, 0, 0, 0, 0, 0xcc, 0xcc, 0xcc];

/// [`THUNK_SIZE`], as unwind tables state it.
const THUNK_LENGTH: u32 = 8;

/// Part of the keys of cached results: changes whenever the rewriter writes something else for the same input.
pub const REWRITER_VERSION: u32 = 5;

/// An object whose functions are behind thunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The object.
    pub bytes: Vec<u8>,
    /// Symbols that got a thunk, as the compiler named them.
    pub slots: Vec<String>,
    /// Functions that should have one but cannot: naked, not alone in their section, or referred to in a way that is not
    /// understood.
    pub without_slot: Vec<String>,
    /// Functions that end in a short jump to their own start, which stays in the body.
    pub short_tail_calls: usize,
}

/// Rewrites an object. `id` is [`crate::capture::record::object_id`]: 8 hex digits, part of the names of local thunks and
/// of bodies.
///
/// # Errors
/// When the object is cut short, not for x86-64, or holds something that is not understood.
pub fn rewrite(bytes: &[u8], id: &str, policy: &SlotPolicy) -> Result<Rewritten> {
    let object = Relocatable::parse(bytes)?;
    let plan = Plan::new(&object, policy)?;
    let short_tail_calls = plan.slots.iter().map(|slot| slot.short_tail_calls).sum();
    let (slots, without_slot) = (
        plan.slots.iter().map(|slot| slot.name.to_owned()).collect(),
        plan.without_slot.clone(),
    );
    let bytes = if plan.slots.is_empty() {
        bytes.to_vec()
    } else {
        Writer::new(&object, plan, id)?.write()?
    };
    Ok(Rewritten {
        bytes,
        slots,
        without_slot,
        short_tail_calls,
    })
}

/// Where the symbols of a slot are in the new symbol table.
#[derive(Debug, Clone, Copy)]
struct SlotSymbols {
    thunk: u32,
    body: u32,
    /// A local symbol at the thunk, for references that must not be preempted: the thunk's own, or its section's.
    local_thunk: u32,
}

struct Writer<'o, 'a> {
    object: &'o Relocatable<'a>,
    plan: Plan<'a>,
    id: &'o str,
    out: Vec<u8>,
    headers: Vec<SectionHeader>,
    symbols: Vec<SlotSymbols>,
    symbol_table: u32,
    first_global: u32,
    added_locals: u32,
    /// Section of slot 0's thunk; slot n's is `first_thunk + 2 n`, and its relocations are in the next one.
    first_thunk: u32,
}

impl<'o, 'a> Writer<'o, 'a> {
    fn new(object: &'o Relocatable<'a>, plan: Plan<'a>, id: &'o str) -> Result<Self> {
        let symbol_table = object.symbol_table.context("it has no symbol table")?;
        let first_global = object.section(symbol_table)?.info;
        let mut symbols = Vec::with_capacity(plan.slots.len());
        let mut next = first_global;
        for slot in &plan.slots {
            let body = next;
            next += 1;
            let is_local = slot.symbol < first_global;
            ensure!(
                is_local == (object.symbols[slot.symbol as usize].binding() == STB_LOCAL),
                "symbol {} ({}) is on the wrong side of the first global symbol {first_global}",
                slot.symbol,
                slot.name
            );
            let local_thunk = if is_local { slot.symbol } else { next };
            next += u32::from(!is_local);
            symbols.push(SlotSymbols {
                thunk: slot.symbol,
                body,
                local_thunk,
            });
        }
        let added_locals = next - first_global;
        for symbol in &mut symbols {
            if symbol.thunk >= first_global {
                symbol.thunk += added_locals;
            }
        }
        let mut out = Vec::with_capacity(
            object.bytes.len() + plan.slots.len() * 700 + object.symbols.len() * 32,
        );
        out.extend_from_slice(object.bytes);
        Ok(Self {
            object,
            plan,
            id,
            out,
            headers: object.sections.clone(),
            symbols,
            symbol_table,
            first_global,
            added_locals,
            first_thunk: u32::try_from(object.sections.len())?,
        })
    }

    fn write(mut self) -> Result<Vec<u8>> {
        self.redirect_relocations()?;
        self.append_thunks()?;
        let mut section_names = self.section_names()?;
        self.append_self_references(&mut section_names)?;
        self.append_frames()?;
        self.rewrite_groups()?;
        self.append_symbols(&mut section_names)?;
        self.append_headers()?;
        Ok(self.out)
    }

    fn moved(&self, symbol: u32) -> u32 {
        if symbol >= self.first_global {
            symbol + self.added_locals
        } else {
            symbol
        }
    }

    /// Sets a section's content to `data`, at the end of the file.
    fn replace(&mut self, section: u32, data: &[u8]) {
        pad_to(&mut self.out, 8);
        let header = &mut self.headers[section as usize];
        header.offset = self.out.len() as u64;
        header.size = data.len() as u64;
        self.out.extend_from_slice(data);
    }

    fn add_section(&mut self, header: SectionHeader, data: &[u8]) -> Result<u32> {
        let index = u32::try_from(self.headers.len())?;
        self.headers.push(header);
        self.replace(index, data);
        Ok(index)
    }

    fn redirect_relocations(&mut self) -> Result<()> {
        for (index, section) in (0u32..).zip(&self.object.sections) {
            let start = usize::try_from(section.offset)?;
            match section.kind {
                SHT_RELA => {
                    let place = Place::of(
                        self.object.section(section.info)?,
                        self.object.section_name(section.info)?,
                    );
                    for (number, relocation) in self.object.relocations(index)?.enumerate() {
                        let symbol = self.redirected(place, relocation)?;
                        if symbol != relocation.symbol {
                            let at = start + number * RELA_SIZE + 12;
                            self.out[at..at + 4].copy_from_slice(&symbol.to_le_bytes());
                        }
                    }
                }
                // Only tables about the code (a call graph profile) come without addends here.
                SHT_REL => {
                    for number in 0..self.object.data(index)?.len() / 16 {
                        let at = start + number * 16 + 12;
                        let symbol = u32_at(self.object.bytes, at)?;
                        let relocation = Rela {
                            offset: 0,
                            kind: 0,
                            symbol,
                            addend: 0,
                        };
                        let symbol = self.redirected(Place::About, relocation)?;
                        self.out[at..at + 4].copy_from_slice(&symbol.to_le_bytes());
                    }
                }
                // A list of symbol numbers that only helps to fold identical code, which a jump table excludes.
                SHT_LLVM_ADDRSIG => {
                    let header = &mut self.headers[index as usize];
                    header.kind = SHT_PROGBITS;
                    header.flags |= SHF_EXCLUDE;
                    header.link = 0;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The symbol, in the new table, that a relocation has to refer to.
    fn redirected(&self, place: Place, relocation: Rela) -> Result<u32> {
        let Some((slot, by_section)) = self.plan.referred(self.object, relocation.symbol)? else {
            return Ok(self.moved(relocation.symbol));
        };
        let symbols = self.symbols[slot as usize];
        Ok(
            match target(place, relocation.kind, relocation.addend, by_section) {
                Target::Thunk if by_section => symbols.local_thunk,
                Target::Thunk => symbols.thunk,
                _ if by_section => relocation.symbol,
                _ => symbols.body,
            },
        )
    }

    fn append_thunks(&mut self) -> Result<()> {
        pad_to(&mut self.out, 8);
        for number in 0..self.plan.slots.len() {
            let slot = &self.plan.slots[number];
            let inherited = self.object.section(slot.section)?.flags & (SHF_GROUP | SHF_GNU_RETAIN);
            let thunk = SectionHeader {
                kind: SHT_PROGBITS,
                flags: SHF_ALLOC | SHF_EXECINSTR | inherited,
                align: 8,
                ..SectionHeader::default()
            };
            let thunk = self.add_section(thunk, &THUNK)?;
            let jump = Rela {
                offset: 1,
                kind: R_X86_64_PLT32,
                symbol: self.symbols[number].body,
                addend: -4,
            };
            let header = self.relocation_header(thunk, inherited & SHF_GROUP);
            self.add_section(header, &jump.to_bytes())?;
        }
        Ok(())
    }

    fn relocation_header(&self, section: u32, flags: u64) -> SectionHeader {
        SectionHeader {
            kind: SHT_RELA,
            flags: SHF_INFO_LINK | flags,
            link: self.symbol_table,
            info: section,
            align: 8,
            entry_size: RELA_SIZE as u64,
            ..SectionHeader::default()
        }
    }

    /// The section names with those of the new sections; sets the names of thunks.
    fn section_names(&mut self) -> Result<Vec<u8>> {
        let mut names = self.object.data(self.object.section_names)?.to_vec();
        let relocations = push_string(&mut names, &format!(".rela{THUNK_SECTION}"))?;
        for header in &mut self.headers[self.first_thunk as usize..] {
            header.name = if header.kind == SHT_RELA {
                relocations
            } else {
                relocations + 5
            };
        }
        Ok(names)
    }

    fn append_self_references(&mut self, section_names: &mut Vec<u8>) -> Result<()> {
        let mut relocations_of = vec![0; self.object.sections.len()];
        for (index, section) in (0u32..).zip(&self.object.sections) {
            if section.kind == SHT_RELA {
                relocations_of[self
                    .object
                    .section(section.info)
                    .map(|_| section.info as usize)?] = index;
            }
        }
        for number in 0..self.plan.slots.len() {
            let slot = &self.plan.slots[number];
            if slot.self_fields.is_empty() {
                continue;
            }
            let section = slot.section;
            // PC32 and the thunk's local symbol: what the assembler resolved cannot be preempted either.
            let mut entries: Vec<Rela> = slot
                .self_fields
                .iter()
                .map(|&offset| Rela {
                    offset,
                    kind: R_X86_64_PC32,
                    symbol: self.symbols[number].local_thunk,
                    addend: -4,
                })
                .collect();
            match relocations_of[section as usize] {
                0 => {
                    let data: Vec<u8> = entries.into_iter().flat_map(Rela::to_bytes).collect();
                    let name = self.object.section_name(section)?;
                    let flags = self.object.section(section)?.flags & SHF_GROUP;
                    let header = SectionHeader {
                        name: push_string(section_names, &format!(".rela{name}"))?,
                        ..self.relocation_header(section, flags)
                    };
                    self.add_section(header, &data)?;
                }
                existing => {
                    let data = self.current(existing)?;
                    entries.extend(data.as_chunks::<RELA_SIZE>().0.iter().map(Rela::from_bytes));
                    entries.sort_by_key(|entry| entry.offset);
                    let data: Vec<u8> = entries.into_iter().flat_map(Rela::to_bytes).collect();
                    self.replace(existing, &data);
                }
            }
        }
        Ok(())
    }

    /// A section's content as it stands in the output so far.
    fn current(&self, section: u32) -> Result<Vec<u8>> {
        let header = &self.headers[section as usize];
        let start = usize::try_from(header.offset)?;
        Ok(self.out[start..start + usize::try_from(header.size)?].to_vec())
    }

    fn append_frames(&mut self) -> Result<()> {
        let (section, relocations, end) =
            self.plan.frames.append_to.context("it has no .eh_frame")?;
        let mut data = self.current(section)?;
        let mut entries = self.current(relocations)?;
        data.truncate(end);
        let cie = data.len();
        data.extend_from_slice(&CIE);
        for symbols in &self.symbols {
            entries
                .extend(push_entry(&mut data, cie, symbols.local_thunk, THUNK_LENGTH)?.to_bytes());
        }
        self.replace(section, &data);
        self.replace(relocations, &entries);
        Ok(())
    }

    /// Groups name their signature by symbol, and the thunk of a member is a member.
    fn rewrite_groups(&mut self) -> Result<()> {
        let mut added: Vec<Vec<u32>> = vec![Vec::new(); self.object.sections.len()];
        for (header, index) in self
            .headers
            .iter()
            .zip(0u32..)
            .skip(self.first_thunk as usize)
        {
            if header.flags & SHF_GROUP == 0 {
                continue;
            }
            // A thunk's relocations belong to the thunk, and a thunk to its body.
            let owner = if header.kind == SHT_RELA {
                header.info
            } else {
                index
            };
            let body = match owner.checked_sub(self.first_thunk) {
                Some(offset) => self.plan.slots[(offset / 2) as usize].section,
                None => owner,
            };
            added[body as usize].push(index);
        }
        for (index, section) in (0u32..).zip(&self.object.sections) {
            if section.kind != SHT_GROUP {
                continue;
            }
            self.headers[index as usize].info = self.moved(section.info);
            let data = self.object.data(index)?;
            let mut extended = data.to_vec();
            for member in data
                .as_chunks::<4>()
                .0
                .iter()
                .skip(1)
                .map(|word| u32::from_le_bytes(*word))
            {
                let members = added.get(member as usize).with_context(|| {
                    format!("group {index} has section {member} as a member, which does not exist")
                })?;
                extended.extend(members.iter().flat_map(|member| member.to_le_bytes()));
            }
            if extended.len() > data.len() {
                self.replace(index, &extended);
            }
        }
        Ok(())
    }

    fn append_symbols(&mut self, section_names: &mut Vec<u8>) -> Result<()> {
        let strings = self.object.section(self.symbol_table)?.link;
        // LLVM keeps both kinds of names in one section.
        let shares_names = strings == self.object.section_names;
        let mut names = if shares_names {
            std::mem::take(section_names)
        } else {
            self.object.symbol_names()?.to_vec()
        };

        let first_global = self.first_global as usize;
        let mut table: Vec<Symbol> = self.object.symbols[..first_global].to_vec();
        let mut globals: Vec<Symbol> = self.object.symbols[first_global..].to_vec();
        for (number, slot) in (0u32..).zip(&self.plan.slots) {
            let original = self.object.symbols[slot.symbol as usize];
            let thunk_section = self.first_thunk + 2 * number;
            let name = push_string(&mut names, &format!("{}.hpb{}", slot.name, self.id))?;
            table.push(Symbol::defined(
                name,
                STB_LOCAL,
                STT_FUNC,
                slot.section,
                0,
                original.size,
            ));
            let thunk = if let Some(index) = (slot.symbol as usize).checked_sub(first_global) {
                table.push(Symbol::defined(
                    0,
                    STB_LOCAL,
                    STT_SECTION,
                    thunk_section,
                    0,
                    0,
                ));
                &mut globals[index]
            } else {
                let thunk = &mut table[slot.symbol as usize];
                thunk.name = push_string(&mut names, &format!("{}.hpt{}", slot.name, self.id))?;
                thunk
            };
            thunk.set_section(thunk_section);
            thunk.size = THUNK_SIZE as u64;
        }
        ensure!(
            table.len() == first_global + self.added_locals as usize,
            "the symbols are not those of the plan"
        );
        table.append(&mut globals);

        let mut data = Vec::with_capacity(table.len() * 24);
        table.iter().for_each(|symbol| symbol.write(&mut data));
        self.replace(self.symbol_table, &data);
        self.headers[self.symbol_table as usize].info += self.added_locals;

        if self.object.extended_indexes.is_some()
            || table.iter().any(|symbol| symbol.raw_section == SHN_XINDEX)
        {
            let data: Vec<u8> = table
                .iter()
                .flat_map(|symbol| symbol.extended_index().to_le_bytes())
                .collect();
            match self.object.extended_indexes {
                Some(section) => self.replace(section, &data),
                None => {
                    let names = if shares_names {
                        &mut names
                    } else {
                        &mut *section_names
                    };
                    let header = SectionHeader {
                        name: push_string(names, ".symtab_shndx")?,
                        kind: SHT_SYMTAB_SHNDX,
                        link: self.symbol_table,
                        align: 4,
                        entry_size: 4,
                        ..SectionHeader::default()
                    };
                    self.add_section(header, &data)?;
                }
            }
        }
        self.replace(strings, &names);
        if !shares_names {
            self.replace(self.object.section_names, section_names);
        }
        Ok(())
    }

    fn append_headers(&mut self) -> Result<()> {
        let count = u32::try_from(self.headers.len())?;
        let names = self.object.section_names;
        let small = |value: u32| u16::try_from(value).ok().filter(|_| value < SHN_LORESERVE);
        // Numbers that do not fit into the file's header stand in section 0's.
        self.headers[0].size = if small(count).is_some() {
            0
        } else {
            u64::from(count)
        };
        self.headers[0].link = if small(names).is_some() { 0 } else { names };
        pad_to(&mut self.out, 8);
        let start = self.out.len() as u64;
        for header in &self.headers {
            header.write(&mut self.out);
        }
        self.out[40..48].copy_from_slice(&start.to_le_bytes());
        self.out[60..62].copy_from_slice(&small(count).unwrap_or(0).to_le_bytes());
        self.out[62..FILE_HEADER_SIZE]
            .copy_from_slice(&small(names).unwrap_or(SHN_XINDEX).to_le_bytes());
        ensure!(
            u64_at(&self.out, 40)? == start,
            "the header is not where it should be"
        );
        Ok(())
    }
}

fn push_string(table: &mut Vec<u8>, string: &str) -> Result<u32> {
    let offset = u32::try_from(table.len()).context("a string table of more than 4 GiB")?;
    table.extend_from_slice(string.as_bytes());
    table.push(0);
    Ok(offset)
}
