//! Places for everything in a patch.

use std::collections::BTreeMap;

use super::plan::{AtomIndex, Base, GotEntry, Part, Plan};
use super::{PAGE, align_up};
use crate::object::address::{LinkAddr, RunAddr};

/// Bytes of a stub for far calls: `jmp *disp32(%rip)` and two bytes of padding.
pub const FAR_CALL_SIZE: u64 = 8;
/// Bytes at the file's start for the ELF header and the program headers.
pub const HEADERS: u64 = 512;

/// Where everything is, as link addresses, which are also file offsets.
#[derive(Debug)]
pub struct Layout {
    /// By atom.
    pub atoms: Vec<LinkAddr>,
    /// The GOT.
    pub got: LinkAddr,
    /// The stubs for far calls.
    pub far_calls: LinkAddr,
    /// Start and length in bytes of each mapping that is not empty; starts are multiples of [`PAGE`].
    pub parts: BTreeMap<Part, (LinkAddr, u64)>,
    /// Bytes of address space, a multiple of [`PAGE`].
    pub memory: u64,
}

impl Layout {
    /// The run address of S.
    #[must_use]
    pub fn run_address(&self, base: Base, start: RunAddr) -> RunAddr {
        match base {
            Base::Run(address) => address,
            Base::Atom(atom, offset) => start.offset(self.atoms[atom].0.wrapping_add(offset)),
            Base::Got(entry) => start.offset(self.got.0 + entry as u64 * 8),
            Base::FarCall(call) => start.offset(self.far_calls.0 + call as u64 * FAR_CALL_SIZE),
        }
    }

    /// The content of a GOT entry.
    #[must_use]
    pub fn got_value(&self, entry: GotEntry, start: RunAddr) -> u64 {
        match entry {
            GotEntry::Address(base) => self.run_address(base, start).0,
            GotEntry::ThreadPointerOffset(offset) => offset.cast_unsigned(),
        }
    }
}

/// Gives every atom its place.
#[must_use]
pub fn layout(plan: &Plan) -> Layout {
    let mut atoms = vec![LinkAddr::default(); plan.atoms.len()];
    let mut parts = BTreeMap::new();
    let mut cursor = HEADERS;
    let mut got = LinkAddr::default();
    let mut far_calls = LinkAddr::default();
    for part in [Part::ReadOnly, Part::Code, Part::Writable] {
        let begin = if part == Part::ReadOnly {
            0
        } else {
            align_up(cursor, PAGE)
        };
        cursor = cursor.max(begin);
        match part {
            Part::ReadOnly => {
                cursor = align_up(cursor, 8);
                got = LinkAddr(cursor);
                cursor += plan.got.len() as u64 * 8;
            }
            Part::Code => {
                far_calls = LinkAddr(cursor);
                cursor += plan.far_calls.len() as u64 * FAR_CALL_SIZE;
            }
            Part::Writable => {}
        }
        for (index, atom) in plan
            .atoms
            .iter()
            .enumerate()
            .filter(|(_, atom)| atom.part == part)
        {
            cursor = align_up(cursor, atom.align);
            atoms[index] = LinkAddr(cursor);
            cursor += atom.data.len() as u64;
            if plan.eh_frame == Some(index as AtomIndex) {
                // The table ends with a length of zero.
                cursor += 4;
            }
        }
        if cursor > begin {
            parts.insert(part, (LinkAddr(begin), cursor - begin));
        }
    }
    let memory = align_up(cursor, PAGE);
    Layout {
        atoms,
        got,
        far_calls,
        parts,
        memory,
    }
}
