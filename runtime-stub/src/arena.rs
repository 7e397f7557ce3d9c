//! The life of the memory for patches: reserve, map, keep.
//!
//! The arena is reserved once, near the program, and given out by windows. A window that a patch was mapped into is
//! never used again, since frames may run in it for as long as the process lives; one whose patch failed half-way is
//! put back to the inaccessible reservation that it was.
#![allow(
    clippy::cast_possible_truncation,
    reason = "addresses have 64 bits on every target that the stub is built for"
)]

use core::ops::Range;

use crate::protocol::{NulTerminated, PAGE, Protection, Segment, Segments, Step, WINDOW_BYTES};
use crate::sys::{self, Errno, File};

const MIB: usize = 1024 * 1024;
/// Image and arena together span at most this: 32-bit relative references reach 2 GiB, less some room for addends.
const SPAN: usize = 2048 * MIB - 16 * MIB;
/// Below this, absolute 32-bit references work too, and a program that lies here uses them.
const LOW: usize = 2048 * MIB - 16 * MIB;
/// The sizes to try, in bytes.
const SIZES: [usize; 4] = [1024 * MIB, 512 * MIB, 256 * MIB, 128 * MIB];
/// Between arena and image, at least; tried in this order below an image.
const GAPS: [usize; 6] = [MIB, 16 * MIB, 64 * MIB, 128 * MIB, 256 * MIB, 512 * MIB];
/// The heap grows upwards from the end of the image (`brk`); this much of it is left.
const HEAP: usize = 128 * MIB;
const WINDOW: usize = WINDOW_BYTES as usize;
/// Windows of the largest arena.
const MAX_WINDOWS: usize = 1024;

/// Why nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) step: Step,
    pub(crate) errno: Errno,
}

impl Refusal {
    pub(crate) const fn new(step: Step) -> Self {
        Self {
            step,
            errno: Errno(0),
        }
    }

    pub(crate) const fn system(step: Step, errno: Errno) -> Self {
        Self { step, errno }
    }
}

/// The reservation, and which of its windows are in use.
#[derive(Debug)]
pub(crate) struct Arena {
    range: Range<usize>,
    taken: [u64; MAX_WINDOWS / 64],
}

impl Arena {
    /// Reserves the largest arena that there is room for near the program, which occupies `image`.
    pub(crate) fn reserve(image: Range<usize>) -> Option<Self> {
        for length in SIZES {
            for start in candidates(&image, length) {
                if sys::reserve_at(start, length).is_ok() {
                    return Some(Self::new(start, length));
                }
            }
        }
        None
    }

    fn new(start: usize, length: usize) -> Self {
        Self {
            range: start..start.wrapping_add(length),
            taken: [0; MAX_WINDOWS / 64],
        }
    }

    /// Gives an arena back that was never used.
    pub(crate) fn release(self) {
        // SAFETY: `range` was reserved by `reserve`, and `self`, the only way to map something into it, ends here;
        // the callers do this before the agent starts.
        unsafe { sys::unreserve(self.range.start, self.length()) };
    }

    /// Run address of its first byte.
    pub(crate) fn start(&self) -> usize {
        self.range.start
    }

    /// Its length in bytes, whole windows.
    pub(crate) fn length(&self) -> usize {
        self.range.end.wrapping_sub(self.range.start)
    }

    /// True when `address` lies in a window that a patch was mapped into.
    pub(crate) fn is_mapped(&self, address: u64) -> bool {
        usize::try_from(address)
            .ok()
            .filter(|address| self.range.contains(address))
            .is_some_and(|address| self.is_taken(self.window(address)))
    }

    fn window(&self, address: usize) -> usize {
        address.wrapping_sub(self.range.start) / WINDOW
    }

    fn is_taken(&self, window: usize) -> bool {
        self.taken
            .get(window / 64)
            .is_none_or(|word| *word >> (window % 64) & 1 == 1)
    }

    fn take_windows_of(&mut self, segment: &Placed) {
        for window in self.window(segment.address)..=self.window(segment.last_byte()) {
            if let Some(word) = self.taken.get_mut(window / 64) {
                *word |= 1 << (window % 64);
            }
        }
    }

    /// Maps all segments of a patch, or none.
    pub(crate) fn map_patch(
        &mut self,
        path: NulTerminated<'_>,
        segments: &Segments,
    ) -> Result<(), Refusal> {
        let needed = self.check(segments.as_slice())?;
        let file = File::open(path).map_err(|errno| Refusal::system(Step::Open, errno))?;
        let length = file
            .length()
            .map_err(|errno| Refusal::system(Step::Size, errno))?;
        if length < needed {
            // Touching a page behind a file's end kills the process.
            return Err(Refusal::new(Step::FileLength));
        }
        let placed = segments.as_slice().iter().filter_map(Placed::new);
        for (index, segment) in placed.clone().enumerate() {
            if let Err(errno) = map_segment(&segment, &file) {
                for begun in placed.take(index.wrapping_add(1)) {
                    // SAFETY: the range is inside the arena and its windows were free (`check`), so what is there was
                    // mapped by this very call, and the patch was announced to nobody.
                    if unsafe { sys::reserve_over(begun.address, begun.length) }.is_err() {
                        // What can't be put back is never used again.
                        self.take_windows_of(&begun);
                    }
                }
                return Err(Refusal::system(Step::Map, errno));
            }
        }
        for segment in placed {
            self.take_windows_of(&segment);
        }
        Ok(())
    }

    /// Checks all that can be known without the file; returns the length that the file must have.
    fn check(&self, segments: &[Segment]) -> Result<u64, Refusal> {
        if segments.is_empty() {
            return Err(Refusal::new(Step::NoSegments));
        }
        let mut needed = 0;
        let mut free_from = 0;
        for segment in segments {
            let placed = Placed::new(segment).ok_or(Refusal::new(Step::BadSegment))?;
            let end = placed
                .address
                .checked_add(placed.length)
                .ok_or(Refusal::new(Step::OutsideArena))?;
            if placed.address < self.range.start || end > self.range.end {
                return Err(Refusal::new(Step::OutsideArena));
            }
            if placed.address < free_from {
                return Err(Refusal::new(Step::Overlap));
            }
            free_from = end;
            for window in self.window(placed.address)..=self.window(placed.last_byte()) {
                if self.is_taken(window) {
                    return Err(Refusal::new(Step::WindowTaken));
                }
            }
            needed = needed.max(placed.file_end);
        }
        Ok(needed)
    }
}

/// A segment whose numbers are sound: whole pages, nothing overflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Placed {
    address: usize,
    /// Whole pages, at least one.
    length: usize,
    file_offset: u64,
    file_end: u64,
    file_bytes: usize,
    /// `file_bytes` up to whole pages.
    file_pages: usize,
    protection: Protection,
}

impl Placed {
    fn new(segment: &Segment) -> Option<Self> {
        let whole_pages = |bytes: u64| -> Option<usize> {
            bytes
                .checked_add(PAGE - 1)
                .and_then(|bytes| usize::try_from(bytes & !(PAGE - 1)).ok())
        };
        let length = whole_pages(segment.memory_bytes)?;
        let file_pages = whole_pages(segment.file_bytes)?;
        let sound = segment.address.is_multiple_of(PAGE)
            && segment.file_offset.is_multiple_of(PAGE)
            && segment.memory_bytes > 0
            && segment.file_bytes <= segment.memory_bytes
            && (length == file_pages || segment.protection == Protection::ReadWrite);
        if !sound {
            return None;
        }
        Some(Self {
            address: usize::try_from(segment.address).ok()?,
            length,
            file_offset: segment.file_offset,
            file_end: segment.file_offset.checked_add(segment.file_bytes)?,
            file_bytes: usize::try_from(segment.file_bytes).ok()?,
            file_pages,
            protection: segment.protection,
        })
    }

    fn last_byte(&self) -> usize {
        self.address.wrapping_add(self.length).wrapping_sub(1)
    }
}

fn map_segment(segment: &Placed, file: &File) -> Result<(), Errno> {
    let Placed {
        address,
        length,
        file_offset,
        file_bytes,
        file_pages,
        protection,
        ..
    } = *segment;
    if file_pages > 0 {
        // SAFETY: the range is inside the arena and its windows are free (`Arena::check`): nothing but our own
        // inaccessible reservation is replaced. The file is the session's and is not changed once it has been named.
        unsafe { sys::map_file_over(address, file_pages, protection, file, file_offset, false) }?;
    }
    if protection == Protection::ReadWrite {
        let file_end = address.wrapping_add(file_bytes);
        let pages_end = address.wrapping_add(file_pages);
        // SAFETY: these are the bytes behind the file's part in the last page that was mapped writable just now.
        unsafe { sys::fill_with_zeros(file_end, pages_end.wrapping_sub(file_end)) };
        if length > file_pages {
            // SAFETY: as above: inside the arena, and free.
            unsafe { sys::map_zeros_over(pages_end, length.wrapping_sub(file_pages)) }?;
        }
    }
    Ok(())
}

/// Where an arena of `length` bytes may begin, best places first.
///
/// Below a position-independent image there is nothing that grows. Above any image there is the heap, so there the
/// highest places come first, to leave the heap as much as can be.
fn candidates(image: &Range<usize>, length: usize) -> impl Iterator<Item = usize> {
    let Range {
        start: image_start,
        end: image_end,
    } = *image;
    let below = GAPS.into_iter().filter_map(move |gap| {
        let start = align_down(image_start.checked_sub(gap)?).checked_sub(length)?;
        (start >= MIB && image_end.wrapping_sub(start) <= SPAN).then_some(start)
    });
    let limit = if image_start < LOW {
        image_start.saturating_add(SPAN).min(LOW)
    } else {
        image_start.saturating_add(SPAN)
    };
    let above = GAPS.into_iter().filter_map(move |gap| {
        let start = align_down(
            limit
                .checked_sub(gap.wrapping_sub(MIB))?
                .checked_sub(length)?,
        );
        (start >= image_end.saturating_add(HEAP)).then_some(start)
    });
    below.chain(above)
}

fn align_down(address: usize) -> usize {
    address & !(WINDOW - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: u64 = 0x5000_0000_0000;

    fn arena() -> Arena {
        Arena::new(BASE as usize, 128 * MIB)
    }

    fn segment(window: u64, pages: u64) -> Segment {
        Segment {
            file_offset: 0,
            address: BASE + window * WINDOW_BYTES,
            file_bytes: pages * PAGE,
            memory_bytes: pages * PAGE,
            protection: Protection::ReadExecute,
        }
    }

    fn refused(arena: &Arena, segments: &[Segment]) -> Step {
        arena.check(segments).expect_err("must be refused").step
    }

    #[test]
    fn every_candidate_is_within_reach_of_the_whole_image_and_apart_from_it() {
        let images = [
            0x5555_5555_4000..0x5555_5575_0000,
            0x55d0_1234_5000..0x55d0_1234_5000 + 700 * MIB,
            0x40_0000..0x90_0000,
            0x40_0000..0x40_0000 + 900 * MIB,
            0x1_0000..0x2_0000,
            0x7ff0_0000_0000..0x7ff0_0010_0000,
        ];
        for image in images {
            let mut found = 0;
            for length in SIZES {
                for start in candidates(&image, length) {
                    let end = start + length;
                    assert!(start % WINDOW == 0 && start >= MIB);
                    assert!(
                        end <= image.start || start >= image.end + HEAP,
                        "{start:#x} {image:#x?}"
                    );
                    assert!(
                        image.end.max(end) - image.start.min(start) <= SPAN,
                        "{start:#x} {image:#x?}"
                    );
                    if image.start < LOW {
                        assert!(end <= LOW, "{start:#x}");
                    }
                    found += 1;
                }
            }
            assert!(found > 0, "no place near {image:#x?}");
        }
    }

    #[test]
    fn a_sound_patch_is_accepted_and_its_file_length_known() {
        let mut data = segment(0, 1);
        data.address += 2 * PAGE;
        data.file_offset = 2 * PAGE;
        data.file_bytes = 10;
        data.memory_bytes = 3 * PAGE;
        data.protection = Protection::ReadWrite;
        assert_eq!(arena().check(&[segment(0, 2), data]), Ok(2 * PAGE + 10));
    }

    #[test]
    fn nothing_outside_of_the_arena_can_be_mapped() {
        let mut before = segment(0, 1);
        before.address -= PAGE;
        assert_eq!(refused(&arena(), &[before]), Step::OutsideArena);
        let last = segment(127, 256);
        assert!(arena().check(&[last]).is_ok());
        assert_eq!(refused(&arena(), &[segment(127, 257)]), Step::OutsideArena);
        assert_eq!(refused(&arena(), &[segment(128, 1)]), Step::OutsideArena);
        let mut wraps = segment(0, 1);
        wraps.address = u64::MAX - PAGE + 1;
        assert_eq!(refused(&arena(), &[wraps]), Step::OutsideArena);
    }

    #[test]
    fn segments_of_wrong_form_are_refused() {
        type Spoil = fn(&mut Segment);
        let spoilers: [Spoil; 7] = [
            |segment| segment.address += 1,
            |segment| segment.file_offset += 1,
            |segment| segment.memory_bytes = 0,
            |segment| segment.memory_bytes -= 1,
            |segment| segment.memory_bytes += 1,
            |segment| segment.memory_bytes = u64::MAX,
            |segment| segment.file_offset = 0_u64.wrapping_sub(PAGE),
        ];
        for spoil in spoilers {
            let mut spoiled = segment(0, 1);
            spoil(&mut spoiled);
            assert_eq!(
                refused(&arena(), &[segment(1, 1), spoiled]),
                Step::BadSegment,
                "{spoiled:?}"
            );
        }
        assert_eq!(refused(&arena(), &[]), Step::NoSegments);
        assert_eq!(
            refused(&arena(), &[segment(0, 1), segment(0, 1)]),
            Step::Overlap
        );
        assert_eq!(
            refused(&arena(), &[segment(1, 1), segment(0, 1)]),
            Step::Overlap
        );
    }

    #[test]
    fn a_window_is_used_once_and_a_large_patch_takes_all_that_it_touches() {
        let mut arena = arena();
        let large = segment(3, 257);
        arena.take_windows_of(&Placed::new(&large).expect("sound"));
        assert_eq!(refused(&arena, &[segment(3, 1)]), Step::WindowTaken);
        assert_eq!(refused(&arena, &[segment(4, 1)]), Step::WindowTaken);
        assert_eq!(refused(&arena, &[segment(2, 257)]), Step::WindowTaken);
        assert!(arena.check(&[segment(2, 256)]).is_ok());
        assert!(arena.check(&[segment(5, 1)]).is_ok());
        assert!(arena.is_mapped(BASE + 4 * WINDOW_BYTES));
        assert!(!arena.is_mapped(BASE + 5 * WINDOW_BYTES));
        assert!(!arena.is_mapped(BASE - 1));
    }
}
