//! Where calls are redirected: the thunk region, and the one mapping that publishes a patch.
//!
//! **Why one `mmap` is enough.** The region is machine code, and each call of the program passes through one `jmp` of it.
//! `mmap(MAP_FIXED)` replaces the whole region while the kernel holds the lock of the address space: it takes the old
//! pages out of the page tables, has every processor forget them (an interrupt that also serialises the instruction
//! stream), and only then lets new pages in; who touches the region between waits for the lock. So there is one moment
//! after which no thread fetches old thunks, and none has fetched new ones before it: a call that begins after another
//! call was seen to run new code runs new code as well. A `jmp` never spans a page and no page is ever written, so none
//! is seen half-made. `tests/remap.rs` puts this under load, with this very function.
#![allow(
    clippy::cast_possible_truncation,
    reason = "addresses have 64 bits on every target that the stub is built for"
)]

use core::ops::Range;

use crate::arena::Refusal;
use crate::protocol::{NulTerminated, PAGE, Protection, Segment, Step};
use crate::sys::{self, File};

/// The thunk region, once the tool has said where it is.
#[derive(Debug, Default)]
pub(crate) struct Table {
    region: Option<Range<u64>>,
}

impl Table {
    /// Learns the region: whole pages inside one of the `executable` ranges of the program. Once.
    pub(crate) fn configure(
        &mut self,
        start: u64,
        bytes: u64,
        executable: &[Range<usize>],
    ) -> Result<(), Refusal> {
        if self.region.is_some() {
            return Err(Refusal::new(Step::AlreadyConfigured));
        }
        let region = page_range(start, bytes).ok_or(Refusal::new(Step::BadRegion))?;
        let inside = executable
            .iter()
            .any(|range| range.start as u64 <= region.start && region.end <= range.end as u64);
        if !inside {
            return Err(Refusal::new(Step::BadRegion));
        }
        self.region = Some(region);
        Ok(())
    }

    /// Maps the prepared copy over the region, after those of `constants` over theirs.
    ///
    /// A refusal with [`Step::Map`] may leave some of the constants replaced; with any other, everything is as it was.
    pub(crate) fn publish(
        &self,
        path: NulTerminated<'_>,
        start: u64,
        bytes: u64,
        constants: Constants<'_>,
        expires: u64,
    ) -> Result<(), Refusal> {
        let region = self
            .region
            .as_ref()
            .ok_or(Refusal::new(Step::NotConfigured))?;
        if page_range(start, bytes).as_ref() != Some(region) {
            return Err(Refusal::new(Step::OtherRegion));
        }
        let file = File::open(path).map_err(|errno| Refusal::system(Step::Open, errno))?;
        let length = file
            .length()
            .map_err(|errno| Refusal::system(Step::Size, errno))?;
        if length != bytes.saturating_add(constants.bytes()?) {
            return Err(Refusal::new(Step::FileLength));
        }
        // Checked last, directly before the act: the tool has given up after this moment.
        if sys::monotonic_nanoseconds() > expires {
            return Err(Refusal::new(Step::Expired));
        }
        constants.replace(&file)?;
        // SAFETY: `region` is what the tool configured, and `configure` found it to be code of the program. Each address
        // in it at which a thread may be holds a thunk in the old and in the new contents alike, since a slot never
        // moves, and the file is the session's: it is not changed once it has been named.
        unsafe { replace(region.start as usize, bytes as usize, &file) }
            .map_err(|errno| Refusal::system(Step::Map, errno))
    }
}

/// Copies of pages that the program never writes to, and where such pages are.
#[derive(Clone, Copy)]
pub(crate) struct Constants<'c> {
    /// Each is whole pages of the file, and goes over as many pages of the program.
    pub(crate) pages: &'c [Segment],
    /// The read-only parts of the main program.
    pub(crate) program: &'c [Range<usize>],
    /// Whether a patch was mapped at an address: the tool knows which of its pages hold constants.
    pub(crate) is_in_patch: &'c dyn Fn(u64) -> bool,
}

impl Constants<'_> {
    /// How many bytes they have in all, once each is found to be a sound replacement of constants.
    fn bytes(&self) -> Result<u64, Refusal> {
        let mut all = 0_u64;
        for page in self.pages {
            let range = page_range(page.address, page.memory_bytes);
            let range = range.ok_or(Refusal::new(Step::BadSegment))?;
            let inside = self.program.iter().any(|program| {
                program.start as u64 <= range.start && range.end <= program.end as u64
            }) || range
                .clone()
                .step_by(PAGE as usize)
                .all(|page| (self.is_in_patch)(page));
            if !inside
                || page.file_bytes != page.memory_bytes
                || !page.file_offset.is_multiple_of(PAGE)
                || page.protection != Protection::Read
            {
                return Err(Refusal::new(Step::BadSegment));
            }
            all = all.saturating_add(page.file_bytes);
        }
        Ok(all)
    }

    fn replace(&self, file: &File) -> Result<(), Refusal> {
        for page in self.pages {
            // SAFETY: `bytes` found these to be whole pages of what the program only reads. The tool has copied them from this
            // process and changed nothing but values of constants that keep their type.
            unsafe {
                sys::map_file_over(
                    page.address as usize,
                    page.memory_bytes as usize,
                    Protection::Read,
                    file,
                    page.file_offset,
                    true,
                )
            }
            .map_err(|errno| Refusal::system(Step::Map, errno))?;
        }
        Ok(())
    }
}

/// The act itself: `bytes` of `file`, readable and executable, over the region at `start`.
///
/// The pages are looked up in the same call (`MAP_POPULATE`); otherwise each thread would pay a fault a page.
///
/// # Safety
/// Each address of the region at which a thread may be must hold code that can be entered there in `file`, too; `file`
/// must have `bytes` bytes and not be changed any more.
pub(crate) unsafe fn replace(start: usize, bytes: usize, file: &File) -> Result<(), sys::Errno> {
    // SAFETY: the caller's promise.
    unsafe { sys::map_file_over(start, bytes, Protection::ReadExecute, file, 0, true) }
}

fn page_range(start: u64, bytes: u64) -> Option<Range<u64>> {
    let sound = bytes > 0 && start.is_multiple_of(PAGE) && bytes.is_multiple_of(PAGE);
    if sound {
        Some(start..start.checked_add(bytes)?)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Constants<'static> = Constants {
        pages: &[],
        program: &[],
        is_in_patch: &|_| false,
    };

    #[test]
    fn only_whole_pages_of_constants_are_replaced_with_constants() {
        let page = Segment {
            file_offset: 0x2000,
            address: 0x1_1000,
            file_bytes: 0x1000,
            memory_bytes: 0x1000,
            protection: Protection::Read,
        };
        let bytes = |segment: Segment| {
            let constants = Constants {
                pages: &[segment],
                program: &[0x1_0000..0x1_3000, 0..0],
                is_in_patch: &|address| address == 0x7_0000,
            };
            constants.bytes()
        };
        assert_eq!(bytes(page), Ok(0x1000));
        let in_patch = Segment {
            address: 0x7_0000,
            ..page
        };
        assert_eq!(bytes(in_patch), Ok(0x1000));
        let wrong = [
            Segment {
                address: 0x1_3000,
                ..page
            },
            Segment {
                address: 0xf000,
                ..page
            },
            Segment {
                address: 0x1_1008,
                ..page
            },
            Segment {
                file_offset: 0x2008,
                ..page
            },
            Segment {
                file_bytes: 0x800,
                ..page
            },
            Segment {
                file_bytes: 0,
                memory_bytes: 0,
                ..page
            },
            Segment {
                address: 0x1_2000,
                file_bytes: 0x2000,
                memory_bytes: 0x2000,
                ..page
            },
            Segment {
                address: 0xffff_ffff_ffff_f000,
                ..page
            },
            Segment {
                protection: Protection::ReadExecute,
                ..page
            },
            Segment {
                protection: Protection::ReadWrite,
                ..page
            },
        ];
        for segment in wrong {
            assert_eq!(
                bytes(segment),
                Err(Refusal::new(Step::BadSegment)),
                "{segment:?}"
            );
        }
    }

    #[test]
    fn only_whole_pages_of_the_programs_code_can_be_configured_and_only_once() {
        let code = [0x1000..0x3000, 0x8000..0x2_0000];
        let mut table = Table::default();
        for (start, bytes) in [
            (0x8000, 0),
            (0x8001, 0x1000),
            (0x8000, 0x1001),
            (0x7000, 0x2000),
            (0x1_f000, 0x2000),
            (0x2000, 0x7000),
            (0xffff_ffff_ffff_f000, 0x1000),
        ] {
            assert_eq!(
                table.configure(start, bytes, &code),
                Err(Refusal::new(Step::BadRegion))
            );
        }
        assert_eq!(table.configure(0x8000, 0x1_8000, &code), Ok(()));
        assert_eq!(
            table.configure(0x8000, 0x1_8000, &code),
            Err(Refusal::new(Step::AlreadyConfigured))
        );
    }

    #[test]
    fn nothing_but_the_configured_region_can_be_published() {
        let path = NulTerminated::new(b"/nowhere/at-all\0").expect("a path");
        let mut table = Table::default();
        assert_eq!(
            table.publish(path, 0x8000, 0x1000, NONE, u64::MAX),
            Err(Refusal::new(Step::NotConfigured))
        );
        table
            .configure(0x8000, 0x2000, std::slice::from_ref(&(0x8000..0x2_0000)))
            .expect("sound");
        for (start, bytes) in [
            (0x8000, 0x1000),
            (0x9000, 0x1000),
            (0x9000, 0x2000),
            (0x8000, 0x3000),
        ] {
            assert_eq!(
                table.publish(path, start, bytes, NONE, u64::MAX),
                Err(Refusal::new(Step::OtherRegion))
            );
        }
        let refusal = table
            .publish(path, 0x8000, 0x2000, NONE, u64::MAX)
            .expect_err("no such file");
        assert_eq!(refusal.step, Step::Open);
    }
}
