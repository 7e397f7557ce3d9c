//! Which windows of an arena are free.

use std::collections::BTreeSet;

use hotpatch_runtime::protocol;

/// The windows of one arena; [`protocol::window`] says where they are.
#[derive(Debug)]
pub(super) struct Windows {
    arena_bytes: u64,
    free: BTreeSet<u64>,
}

/// One window, or several neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of its first window.
    pub(super) window: u64,
    /// Where it begins, in bytes from the start of the arena.
    pub(super) start: u64,
    /// Its length.
    pub(super) bytes: u64,
}

impl Windows {
    /// All windows of the arena, or the first `limit` of them.
    pub(super) fn new(arena_bytes: u64, limit: usize) -> Self {
        let exists = |index: &u64| protocol::window(arena_bytes, *index).is_some();
        Self {
            arena_bytes,
            free: (0..).take_while(exists).take(limit).collect(),
        }
    }

    /// Takes the first place for `bytes`: one window if it can be, since names end with it.
    pub(super) fn take(&mut self, bytes: u64) -> Option<Place> {
        let place = self.find(bytes)?;
        let end = place.start + place.bytes;
        let arena_bytes = self.arena_bytes;
        self.free.retain(|index| {
            protocol::window(arena_bytes, *index)
                .is_some_and(|window| window.end <= place.start || window.start >= end)
        });
        Some(place)
    }

    /// The place that [`Self::take`] would take.
    pub(super) fn find(&self, bytes: u64) -> Option<Place> {
        let fits = |index: &u64| {
            protocol::window(self.arena_bytes, *index)
                .is_some_and(|window| window.end - window.start >= bytes)
        };
        let (first, last) = match self.free.iter().copied().find(fits) {
            Some(index) => (index, index),
            None => self.run_of_free_windows(bytes)?,
        };
        let start = protocol::window(self.arena_bytes, first)?.start;
        let end = protocol::window(self.arena_bytes, last)?.end;
        Some(Place {
            window: first,
            start,
            bytes: end - start,
        })
    }

    /// The highest free neighbours that hold `bytes` together: the large windows lie there.
    fn run_of_free_windows(&self, bytes: u64) -> Option<(u64, u64)> {
        let mut last = None;
        let mut previous = None;
        for index in self.free.iter().rev().copied() {
            if previous != Some(index + 1) {
                last = Some(index);
            }
            previous = Some(index);
            let window = protocol::window(self.arena_bytes, index)?;
            let end = protocol::window(self.arena_bytes, last?)?.end;
            if end - window.start >= bytes {
                return Some((index, last?));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn place(window: u64, start: u64, bytes: u64) -> Option<Place> {
        Some(Place {
            window,
            start: start * MIB,
            bytes: bytes * MIB,
        })
    }

    #[test]
    fn windows_cover_the_arena_without_a_gap() {
        for arena in [128, 256, 512, 1024] {
            let mut end = 0;
            let mut index = 0;
            while let Some(window) = protocol::window(arena * MIB, index) {
                assert_eq!(window.start, end);
                end = window.end;
                index += 1;
            }
            assert_eq!(end, arena * MIB);
            assert!(index < 10_000, "names have four digits at most");
        }
        assert_eq!(protocol::window(u64::MAX, u64::MAX), None);
        assert_eq!(protocol::window(0, 0), None);
    }

    #[test]
    fn each_place_is_given_once_and_fits() {
        let mut windows = Windows::new(128 * MIB, usize::MAX);
        assert_eq!(windows.take(1), place(0, 0, 1));
        assert_eq!(windows.take(MIB), place(1, 1, 1));
        assert_eq!(windows.take(MIB + 1), place(96, 96, 16));
        assert_eq!(windows.take(MIB + 1), place(97, 112, 16));
        assert_eq!(windows.take(20 * MIB), place(76, 76, 20));
        let mut small = 0;
        while windows.take(1).is_some() {
            small += 1;
        }
        assert_eq!(small, 74);
    }

    #[test]
    fn no_more_windows_are_given_than_allowed() {
        let mut windows = Windows::new(128 * MIB, 2);
        assert_eq!(windows.take(1), place(0, 0, 1));
        assert_eq!(windows.take(MIB + 1), None);
        assert_eq!(windows.take(MIB), place(1, 1, 1));
        assert_eq!(windows.take(1), None);
    }

    #[test]
    fn neighbours_of_both_sizes_make_one_place() {
        let mut windows = Windows::new(128 * MIB, usize::MAX);
        assert_eq!(windows.take(40 * MIB), place(88, 88, 40));
        assert_eq!(windows.take(89 * MIB), None);
        assert_eq!(windows.take(88 * MIB), place(0, 0, 88));
        assert_eq!(windows.take(1), None);
    }
}
