//! Backtraces through patches: the stub's `dl_iterate_phdr`.
//!
//! The standard library lists the loaded objects **once**, at the first backtrace, and opens each one's file only when an
//! address falls into it. So from the first call on every window of the arena is announced as if an object were loaded
//! there, under the path of the patch file that will be in it one day: `<session's directory>/patch-<window>.elf`, linked
//! from address 0, with the window's start as load bias. The link sends the program's calls here
//! (`--wrap=dl_iterate_phdr`); shared libraries, such as the unwinder, keep calling the real function.
//!
//! A patch that is longer than its window goes on in the next one, where addresses are looked up in the file of *that*
//! window, relative to *its* start: frames there have no name. Hence the large windows ([`protocol::window`]).
#![allow(
    clippy::cast_possible_truncation,
    reason = "addresses have 64 bits on every target that the stub is built for"
)]

use core::ffi::{c_char, c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::protocol;
use crate::sys::{self, LoadedObject, ObjectCallback, ProgramHeader};

unsafe extern "C" {
    /// The C library's `dl_iterate_phdr`: the linker's `--wrap` gives it this name.
    fn __real_dl_iterate_phdr(callback: ObjectCallback, data: *mut c_void) -> c_int;
}

const PT_LOAD: u32 = 1;
const PF_X: u32 = 1;
const PF_R: u32 = 4;

/// What windows of one size have in common: one segment from address 0.
const fn window_header(bytes: u64) -> ProgramHeader {
    ProgramHeader {
        kind: PT_LOAD,
        flags: PF_R | PF_X,
        offset: 0,
        virtual_address: 0,
        physical_address: 0,
        file_size: bytes,
        memory_size: bytes,
        alignment: protocol::PAGE,
    }
}
static SMALL_WINDOW: ProgramHeader = window_header(protocol::WINDOW_BYTES);
static LARGE_WINDOW: ProgramHeader = window_header(protocol::LARGE_WINDOW_BYTES);

/// Stands at the start of a block of memory that is never given back; the windows' names follow, `stride` bytes each.
#[repr(C)]
pub(crate) struct Announcement {
    arena_start: u64,
    arena_bytes: u64,
    stride: usize,
}

/// Null until there is something to announce. Written once, with `Release`, when the block behind it is complete; read
/// with `Acquire`.
static ANNOUNCEMENT: AtomicPtr<Announcement> = AtomicPtr::new(ptr::null_mut());

impl Announcement {
    /// Prepares the windows of an arena, whose patches will be files in `directory`.
    pub(crate) fn prepare(
        arena_start: usize,
        arena_bytes: usize,
        directory: &[u8],
    ) -> Option<*mut Self> {
        const PREFIX: &[u8] = b"/patch-";
        const SUFFIX: &[u8] = b".elf\0";
        const DIGITS: usize = 4;
        let arena_bytes = arena_bytes as u64;
        let mut windows = 0_usize;
        while protocol::window(arena_bytes, windows as u64).is_some() {
            windows = windows.wrapping_add(1);
        }
        let stride = directory
            .len()
            .checked_add(PREFIX.len() + DIGITS + SUFFIX.len())?;
        let length = windows
            .checked_mul(stride)?
            .checked_add(size_of::<Self>())?;
        let block = sys::map_zeros(length).ok()?;
        let mut place = block.wrapping_add(size_of::<Self>());
        for window in 0..windows {
            let thousands = [window / 1000, window / 100, window / 10, window]
                .map(|digits| b'0' + (digits % 10) as u8);
            let leading = match window {
                0..10 => 3,
                10..100 => 2,
                100..1000 => 1,
                _ => 0,
            };
            let digits = thousands.iter().skip(leading);
            let name = directory.iter().chain(PREFIX).chain(digits).chain(SUFFIX);
            for (at, byte) in name.take(stride).enumerate() {
                // SAFETY: the block is new and ours, and has `stride` bytes for each of the `windows` names.
                unsafe { place.wrapping_add(at).write(*byte) };
            }
            place = place.wrapping_add(stride);
        }
        let block = block.cast::<Self>();
        // SAFETY: the block is new, ours, page-aligned, and longer than an `Announcement`.
        unsafe {
            block.write(Self {
                arena_start: arena_start as u64,
                arena_bytes,
                stride,
            });
        }
        Some(block)
    }

    /// From now on the program's `dl_iterate_phdr` tells of the windows. `prepared` comes from [`Self::prepare`].
    pub(crate) fn publish(prepared: *mut Self) {
        ANNOUNCEMENT.store(prepared, Ordering::Release);
    }
}

/// What `relay` needs for one call of the wrapped function.
struct Relay {
    callback: ObjectCallback,
    data: *mut c_void,
    additions: u64,
    removals: u64,
}

/// Passes a real object on, and keeps the loader's counters, by which callers know whether what they remember is stale.
unsafe extern "C" fn relay(object: *mut LoadedObject, size: usize, data: *mut c_void) -> c_int {
    let relay = data.cast::<Relay>();
    // SAFETY: `data` is the `Relay` on the stack of `__wrap_dl_iterate_phdr`, which nobody else uses during the call;
    // `object` is valid for `size` bytes, as the C library promises.
    unsafe {
        if size >= size_of::<LoadedObject>() {
            (*relay).additions = (*object).additions;
            (*relay).removals = (*object).removals;
        }
        ((*relay).callback)(object, size, (*relay).data)
    }
}

/// `dl_iterate_phdr` as the program sees it: the real objects, then the windows.
///
/// # Safety
/// As of the C library's function: `callback` must be sound to call with `data` for each object.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __wrap_dl_iterate_phdr(
    callback: ObjectCallback,
    data: *mut c_void,
) -> c_int {
    let announcement = ANNOUNCEMENT.load(Ordering::Acquire);
    if announcement.is_null() {
        // SAFETY: the caller's promise.
        return unsafe { __real_dl_iterate_phdr(callback, data) };
    }
    let mut context = Relay {
        callback,
        data,
        additions: 0,
        removals: 0,
    };
    // SAFETY: `relay` gets the `Relay` that it expects, and calls `callback` as the caller promised that it can be.
    let stopped = unsafe { __real_dl_iterate_phdr(relay, (&raw mut context).cast()) };
    if stopped != 0 {
        return stopped;
    }
    // SAFETY: not null, so it is a block that `prepare` has completed and that is never given back.
    let Announcement {
        arena_start,
        arena_bytes,
        stride,
    } = unsafe { announcement.read() };
    let names = announcement
        .cast::<u8>()
        .wrapping_add(size_of::<Announcement>());
    let mut window = 0_usize;
    while let Some(range) = protocol::window(arena_bytes, window as u64) {
        let small = range.end.wrapping_sub(range.start) == protocol::WINDOW_BYTES;
        let mut object = LoadedObject {
            bias: arena_start.wrapping_add(range.start),
            name: names
                .wrapping_add(window.wrapping_mul(stride))
                .cast::<c_char>(),
            headers: if small {
                &raw const SMALL_WINDOW
            } else {
                &raw const LARGE_WINDOW
            },
            header_count: 1,
            additions: context.additions,
            removals: context.removals,
            tls_module: 0,
            tls_block: ptr::null_mut(),
        };
        // SAFETY: the caller's promise; name and header live for ever.
        let stopped = unsafe { callback(&raw mut object, size_of::<LoadedObject>(), data) };
        if stopped != 0 {
            return stopped;
        }
        window = window.wrapping_add(1);
    }
    0
}

/// Calls `visit` with the main program: the first object that the loader tells of.
pub(crate) fn visit_main_program(visit: &mut dyn FnMut(&LoadedObject, &[ProgramHeader])) {
    struct Visitor<'a, 'b>(&'a mut (dyn FnMut(&LoadedObject, &[ProgramHeader]) + 'b));
    unsafe extern "C" fn first(
        object: *mut LoadedObject,
        _size: usize,
        data: *mut c_void,
    ) -> c_int {
        // SAFETY: `data` is the `Visitor` below; the loader's object and its headers are valid during the call.
        unsafe {
            let object = &*object;
            if !object.headers.is_null() {
                let headers =
                    core::slice::from_raw_parts(object.headers, usize::from(object.header_count));
                ((*data.cast::<Visitor<'_, '_>>()).0)(object, headers);
            }
        }
        1
    }
    let mut visitor = Visitor(visit);
    // SAFETY: `first` gets the `Visitor` that it expects.
    unsafe { __real_dl_iterate_phdr(first, (&raw mut visitor).cast()) };
}
