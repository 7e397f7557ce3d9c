//! From a frame to its caller's, by the unwind tables of whatever is mapped into a process: the program, its libraries, the
//! vDSO, patches.
//!
//! All is read out of the process's memory, so it is that which runs, whatever became of the files. Only the entries that
//! are needed are read: a module's `.eh_frame_hdr` is searched in place. Patches have one that has no table; their
//! `.eh_frame` is small and read as a whole.
//!
//! Nothing is guessed: a value that isn't known, code without an entry, a return address that is not behind a call are
//! errors. A register that a called function has to keep is the caller's, if the function says nothing else of it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use gimli::{
    BaseAddresses, CfaRule, EhFrame, Encoding, EndianSlice, EvaluationResult, Format, LittleEndian,
    Register, RegisterRule, UnwindContext, UnwindExpression, UnwindSection as _, Value, X86_64,
};

use super::calls::is_behind_call;
use super::depth::depth_at;
use super::memory::{Map, Maps, read_bytes};

/// The registers that unwind tables speak of, by their DWARF numbers (System V ABI, AMD64, figure 3.36).
const REGISTERS: usize = 17;
const RBX: u16 = 3;
const RBP: u16 = 6;
const RSP: u16 = 7;
const RIP: u16 = 16;
/// What a called function gives back as it was.
const PRESERVED: [u16; 6] = [RBX, RBP, 12, 13, 14, 15];

/// A function's record in `.eh_frame` is no longer than this.
const LARGEST_RECORD: usize = 1 << 20;
/// Nor is the `.eh_frame` of one patch.
const LARGEST_UNSORTED: u64 = 64 << 20;
/// No function whose frame's depth is worked out is longer.
const LARGEST_FUNCTION: u64 = 1 << 20;
const MOST_STEPS_OF_EXPRESSION: u32 = 1000;

/// A frame, with what is known of its registers.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    registers: [Option<u64>; REGISTERS],
    /// The program counter is that of an instruction to come, not what a call returns to.
    is_interrupted: bool,
}

impl Frame {
    /// The innermost frame of a thread of which no more than this is known.
    pub(super) fn innermost(program_counter: u64, stack_pointer: u64) -> Self {
        let mut registers = [None; REGISTERS];
        registers[usize::from(RIP)] = Some(program_counter);
        registers[usize::from(RSP)] = Some(stack_pointer);
        Self {
            registers,
            is_interrupted: true,
        }
    }

    pub(super) fn stack_pointer(&self) -> u64 {
        self.registers[usize::from(RSP)].unwrap_or(0)
    }

    /// Where it goes on.
    pub(super) fn place(&self) -> u64 {
        self.registers[usize::from(RIP)].unwrap_or(0)
    }

    /// An address inside of the instruction that it stands at. A return address may be the end of the function, if the
    /// call never returns.
    pub(super) fn inside(&self) -> u64 {
        self.place().wrapping_sub(u64::from(!self.is_interrupted))
    }

    fn register(&self, register: Register) -> Result<u64> {
        self.registers
            .get(usize::from(register.0))
            .copied()
            .flatten()
            .with_context(|| format!("the value of register {} is not known", register.0))
    }
}

/// What the tables say of one place in the code.
#[derive(Debug)]
struct Rules {
    /// That to which the offsets of expressions refer.
    section: Vec<u8>,
    frame_address: CfaRule<usize>,
    registers: Vec<(Register, RegisterRule<usize>)>,
    is_signal_frame: bool,
    /// Start and length of the code that the entry describes.
    code: (u64, u64),
    /// Bytes between the stack pointer and the frame address at the start, if the tables tell.
    depth_at_start: Option<i64>,
}

/// Where the unwind tables of a mapped ELF file are.
#[derive(Debug, Clone)]
struct Index {
    /// Of `.eh_frame_hdr`.
    header: u64,
    eh_frame: u64,
    /// Where the sorted table begins and how many entries it has.
    table: Option<(u64, u64)>,
}

/// What is remembered of one mapped file.
#[derive(Debug)]
struct Module {
    /// Another number: another file is mapped here by now.
    identity: u64,
    /// `None` if it has no unwind tables that are understood.
    index: Option<Index>,
    /// By place in the code.
    rules: HashMap<u64, Option<Arc<Rules>>>,
    behind_call: HashMap<u64, bool>,
    depths: HashMap<u64, Option<u64>>,
}

/// The unwind tables of one process, as far as they were needed.
#[derive(Debug)]
pub(super) struct Tables {
    process: u32,
    /// By the address of the ELF header.
    modules: HashMap<u64, Module>,
}

impl Tables {
    pub(super) fn of(process: u32) -> Self {
        Self {
            process,
            modules: HashMap::new(),
        }
    }

    /// Forgets what is not mapped any more. To be called with mappings that are fresh, before frames are followed with them.
    pub(super) fn forget_all_but(&mut self, maps: &Maps) {
        let process = self.process;
        self.modules.retain(|start, module| {
            maps.at(*start)
                .filter(|map| map.range.start == *start)
                .is_some_and(|map| identity(process, maps, map) == module.identity)
        });
    }

    /// The frame that called `frame`, or `None` if that is the thread's outermost. `word` reads the thread's stack.
    ///
    /// # Errors
    /// When it cannot be known.
    pub(super) fn caller(
        &mut self,
        maps: &Maps,
        frame: &Frame,
        word: &dyn Fn(u64) -> Result<u64>,
    ) -> Result<Option<Frame>> {
        let rules = self.rules(maps, frame.inside())?;
        let frame_address = match &rules.frame_address {
            CfaRule::RegisterAndOffset { register, offset } => {
                if frame.register(*register).is_err() && *register == X86_64::RBP {
                    let depth = self
                        .depth(maps, frame.place(), &rules)
                        .context("the frame pointer is not known")?;
                    frame.stack_pointer().wrapping_add(depth)
                } else {
                    frame.register(*register)?.wrapping_add_signed(*offset)
                }
            }
            CfaRule::Expression(expression) => evaluate(&rules, expression, None, frame, word)?,
        };
        let mut registers = [None; REGISTERS];
        for kept in PRESERVED {
            registers[usize::from(kept)] = frame.registers[usize::from(kept)];
        }
        registers[usize::from(RSP)] = Some(frame_address);
        for (register, rule) in &rules.registers {
            let Some(place) = registers.get_mut(usize::from(register.0)) else {
                continue;
            };
            *place = match rule {
                RegisterRule::Undefined => None,
                RegisterRule::SameValue => frame.registers[usize::from(register.0)],
                RegisterRule::Offset(offset) => {
                    Some(word(frame_address.wrapping_add_signed(*offset))?)
                }
                RegisterRule::ValOffset(offset) => Some(frame_address.wrapping_add_signed(*offset)),
                RegisterRule::Register(other) => frame.register(*other).ok(),
                RegisterRule::Expression(expression) => Some(word(evaluate(
                    &rules,
                    expression,
                    Some(frame_address),
                    frame,
                    word,
                )?)?),
                RegisterRule::ValExpression(expression) => Some(evaluate(
                    &rules,
                    expression,
                    Some(frame_address),
                    frame,
                    word,
                )?),
                other => bail!(
                    "a rule for register {} is not understood: {other:?}",
                    register.0
                ),
            };
        }
        // The outermost functions say that there is no return address, or that it is 0.
        let place = match registers[usize::from(RIP)] {
            None | Some(0) => return Ok(None),
            Some(place) => place,
        };
        let caller = Frame {
            registers,
            is_interrupted: rules.is_signal_frame,
        };
        // A signal's handler may have a stack of its own, anywhere.
        ensure!(
            rules.is_signal_frame || caller.stack_pointer() > frame.stack_pointer(),
            "the frame of {place:#x} is not above that of its callee"
        );
        ensure!(
            rules.is_signal_frame || self.is_behind_call(maps, place),
            "{place:#x} is not behind a call"
        );
        Ok(Some(caller))
    }

    /// The code of the function at an address, by its unwind entry.
    #[cfg(test)]
    pub(super) fn code_at(&mut self, maps: &Maps, address: u64) -> Result<std::ops::Range<u64>> {
        let (start, length) = self.rules(maps, address)?.code;
        Ok(start..start + length)
    }

    fn is_behind_call(&mut self, maps: &Maps, place: u64) -> bool {
        let process = self.process;
        match self.module(maps, place) {
            Some(module) => *module
                .behind_call
                .entry(place)
                .or_insert_with(|| is_behind_call(process, place)),
            None => is_behind_call(process, place),
        }
    }

    fn depth(&mut self, maps: &Maps, place: u64, rules: &Rules) -> Option<u64> {
        let process = self.process;
        *self
            .module(maps, place)?
            .depths
            .entry(place)
            .or_insert_with(|| {
                let (start, length) = rules.code;
                let at_start = rules.depth_at_start?;
                if length > LARGEST_FUNCTION {
                    return None;
                }
                let code = read_bytes(process, start, usize::try_from(length).ok()?).ok()?;
                depth_at(&code, start, at_start, place)
            })
    }

    fn rules(&mut self, maps: &Maps, address: u64) -> Result<Arc<Rules>> {
        let process = self.process;
        let module = self
            .module(maps, address)
            .with_context(|| format!("{address:#x} is not in a file"))?;
        if !module.rules.contains_key(&address) {
            let rules = match &module.index {
                Some(index) => read_rules(process, maps, index, address)?.map(Arc::new),
                None => None,
            };
            module.rules.insert(address, rules);
        }
        module
            .rules
            .get(&address)
            .cloned()
            .flatten()
            .with_context(|| format!("the code at {address:#x} has no unwind entry"))
    }

    /// The file that is mapped at an address.
    fn module(&mut self, maps: &Maps, address: u64) -> Option<&mut Module> {
        let first = maps.start_of_file(address)?;
        let process = self.process;
        Some(
            self.modules
                .entry(first.range.start)
                .or_insert_with(|| Module {
                    identity: identity(process, maps, first),
                    // What can't be read is not understood either.
                    index: read_index(process, first.range.start).unwrap_or_default(),
                    rules: HashMap::new(),
                    behind_call: HashMap::new(),
                    depths: HashMap::new(),
                }),
        )
    }
}

/// Differs for files that differ: their inode, where which of their parts are mapped, and their first page, which
/// has the ELF headers and in most files the build id.
fn identity(process: u32, maps: &Maps, first: &Map) -> u64 {
    const FIRST_PAGE: usize = 4096;
    let mut hasher = DefaultHasher::new();
    (&first.file, &first.name).hash(&mut hasher);
    for map in maps.of_file(first) {
        (map.range.start, map.range.end, map.offset).hash(&mut hasher);
    }
    read_bytes(process, first.range.start, FIRST_PAGE)
        .unwrap_or_default()
        .hash(&mut hasher);
    hasher.finish()
}

fn read_rules(process: u32, maps: &Maps, index: &Index, address: u64) -> Result<Option<Rules>> {
    let (section, base) = match index.table {
        Some(table) => match search(process, index, table, address)? {
            Some(record) => read_record(process, record)?,
            None => return Ok(None),
        },
        None => read_unsorted(process, maps, index)?,
    };
    let eh_frame = EhFrame::new(&section, LittleEndian);
    let bases = BaseAddresses::default().set_eh_frame(base);
    let entry = match eh_frame.fde_for_address(&bases, address, EhFrame::cie_from_offset) {
        Ok(entry) => entry,
        Err(gimli::Error::NoUnwindInfoForAddress) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut context = UnwindContext::new();
    let at = |address: u64, context: &mut UnwindContext<usize>| -> Result<_> {
        let row = entry.unwind_info_for_address(&eh_frame, &bases, context, address)?;
        Ok((
            row.cfa().clone(),
            row.registers()
                .map(|(register, rule)| (*register, rule.clone()))
                .collect::<Vec<_>>(),
        ))
    };
    let depth_at_start = match at(entry.initial_address(), &mut context)?.0 {
        CfaRule::RegisterAndOffset { register, offset } if register == X86_64::RSP => Some(offset),
        _ => None,
    };
    let (frame_address, registers) = at(address, &mut context)?;
    let (code, is_signal_frame) = (
        (entry.initial_address(), entry.len()),
        entry.is_signal_trampoline(),
    );
    Ok(Some(Rules {
        section,
        frame_address,
        registers,
        is_signal_frame,
        code,
        depth_at_start,
    }))
}

fn read_index(process: u32, start: u64) -> Result<Option<Index>> {
    const PT_LOAD: u32 = 1;
    const PT_GNU_EH_FRAME: u32 = 0x6474_e550;
    const PROGRAM_HEADER: usize = 56;
    let header = read_bytes(process, start, 64)?;
    if header.get(..6) != Some(b"\x7fELF\x02\x01") {
        return Ok(None);
    }
    let number = |bytes: &[u8], at: usize, length: usize| -> Result<u64> {
        let mut value = [0; 8];
        value[..length].copy_from_slice(
            bytes
                .get(at..at + length)
                .context("an ELF header is cut short")?,
        );
        Ok(u64::from_le_bytes(value))
    };
    let count = usize::try_from(number(&header, 56, 2)?)?;
    let headers = read_bytes(
        process,
        start.wrapping_add(number(&header, 32, 8)?),
        count * PROGRAM_HEADER,
    )?;
    let (mut bias, mut table) = (None, None);
    for segment in headers.chunks_exact(PROGRAM_HEADER) {
        let kind = number(segment, 0, 4)?;
        let (offset, address) = (number(segment, 8, 8)?, number(segment, 16, 8)?);
        if kind == u64::from(PT_LOAD) && offset == 0 {
            bias = Some(start.wrapping_sub(address));
        } else if kind == u64::from(PT_GNU_EH_FRAME) {
            table = Some(address);
        }
    }
    let (Some(bias), Some(table)) = (bias, table) else {
        return Ok(None);
    };
    read_table(process, bias.wrapping_add(table))
}

/// `.eh_frame_hdr` (Linux Standard Base): version, three encodings, `.eh_frame`, the number of entries, the entries.
fn read_table(process: u32, header: u64) -> Result<Option<Index>> {
    const VERSION: u8 = 1;
    const RELATIVE_TO_FIELD: u8 = 0x1b;
    const UNSIGNED_4: u8 = 0x03;
    const RELATIVE_TO_HEADER: u8 = 0x3b;
    let bytes = read_bytes(process, header, 8)?;
    if bytes[..2] != [VERSION, RELATIVE_TO_FIELD] {
        return Ok(None);
    }
    let distance = i32::from_le_bytes(bytes[4..8].try_into()?);
    let table = if bytes[2..4] == [UNSIGNED_4, RELATIVE_TO_HEADER] {
        let count = read_bytes(process, header + 8, 4)?;
        let count = u32::from_le_bytes(count.as_slice().try_into()?);
        Some((header + 12, u64::from(count)))
    } else {
        None
    };
    Ok(Some(Index {
        header,
        eh_frame: (header + 4).wrapping_add_signed(i64::from(distance)),
        table,
    }))
}

/// The address of the last record whose code begins at `address` or before.
fn search(process: u32, index: &Index, table: (u64, u64), address: u64) -> Result<Option<u64>> {
    let (first, count) = table;
    let entry = |number: u64| -> Result<(u64, u64)> {
        let bytes = read_bytes(process, first + number * 8, 8)?;
        let field = |at: usize| -> Result<u64> {
            let distance = i32::from_le_bytes(bytes[at..at + 4].try_into()?);
            Ok(index.header.wrapping_add_signed(i64::from(distance)))
        };
        Ok((field(0)?, field(4)?))
    };
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if entry(middle)?.0 <= address {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    match low.checked_sub(1) {
        Some(index) => Ok(Some(entry(index)?.1)),
        None => Ok(None),
    }
}

/// A section of just one entry and the CIE that it refers to, and the address at which the entry would be right.
fn read_record(process: u32, record: u64) -> Result<(Vec<u8>, u64)> {
    let read = |address: u64| -> Result<Vec<u8>> {
        let length = read_bytes(process, address, 4)?;
        let length = u32::from_le_bytes(length.as_slice().try_into()?);
        let length = usize::try_from(length)?;
        ensure!(
            (4..LARGEST_RECORD).contains(&length),
            "the unwind record at {address:#x} has {length} bytes"
        );
        read_bytes(process, address, 4 + length)
    };
    let mut entry = read(record)?;
    let id = u32::from_le_bytes(entry[4..8].try_into()?);
    let mut section = read((record + 4).wrapping_sub(u64::from(id)))?;
    let common = section.len();
    // The CIE now lies just before it. What else is relative in it, its personality routine, is not asked for.
    entry[4..8].copy_from_slice(&u32::try_from(common + 4)?.to_le_bytes());
    section.extend_from_slice(&entry);
    section.extend_from_slice(&[0; 4]);
    Ok((section, record.wrapping_sub(common as u64)))
}

fn read_unsorted(process: u32, maps: &Maps, index: &Index) -> Result<(Vec<u8>, u64)> {
    let map = maps
        .at(index.eh_frame)
        .context("an .eh_frame is not mapped")?;
    let length = map.range.end - index.eh_frame;
    ensure!(length <= LARGEST_UNSORTED, "an .eh_frame has no table");
    let bytes = read_bytes(process, index.eh_frame, usize::try_from(length)?)?;
    Ok((bytes, index.eh_frame))
}

/// The value of a DWARF expression. `initial` is pushed first.
fn evaluate(
    rules: &Rules,
    expression: &UnwindExpression<usize>,
    initial: Option<u64>,
    frame: &Frame,
    word: &dyn Fn(u64) -> Result<u64>,
) -> Result<u64> {
    let encoding = Encoding {
        address_size: 8,
        format: Format::Dwarf32,
        version: 4,
    };
    let section = EhFrame::new(&rules.section, LittleEndian);
    let expression: gimli::Expression<EndianSlice<'_, LittleEndian>> = expression.get(&section)?;
    let mut evaluation = expression.evaluation(encoding);
    evaluation.set_max_iterations(MOST_STEPS_OF_EXPRESSION);
    if let Some(initial) = initial {
        evaluation.set_initial_value(initial);
    }
    let mut result = evaluation.evaluate()?;
    loop {
        result = match result {
            EvaluationResult::Complete => break,
            EvaluationResult::RequiresMemory {
                address, size: 8, ..
            } => evaluation.resume_with_memory(Value::Generic(word(address)?))?,
            EvaluationResult::RequiresRegister { register, .. } => {
                evaluation.resume_with_register(Value::Generic(frame.register(register)?))?
            }
            other => bail!("an unwind expression asks for {other:?}"),
        };
    }
    match evaluation.as_result().first() {
        Some(gimli::Piece {
            location: gimli::Location::Address { address },
            ..
        }) => Ok(*address),
        _ => bail!("an unwind expression has no value"),
    }
}
