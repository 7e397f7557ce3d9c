//! Linux on x86-64 with the GNU C library.
#![allow(
    clippy::cast_possible_truncation,
    reason = "addresses have 64 bits on every target that the stub is built for"
)]

use core::ffi::{CStr, c_char, c_int, c_long, c_ulong, c_void};
use core::mem::MaybeUninit;
use core::ptr;

use crate::protocol::{NulTerminated, Protection};

/// `errno` of the call that failed; 0 when it was not the operating system who refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) i32);

impl Errno {
    /// The peer is gone.
    pub(crate) const PIPE: Self = Self(32);
    /// The fixed address is taken.
    const EXISTS: Self = Self(17);
    pub(super) const INTERRUPTED: Self = Self(4);

    pub(super) fn last() -> Self {
        // SAFETY: the C library's `errno` of this thread is valid for as long as the thread lives.
        Self(unsafe { *__errno_location() })
    }
}

const O_RDONLY: c_int = 0;
const O_CLOEXEC: c_int = 0o2_000_000;
const PROT_NONE: c_int = 0;
const PROT_READ: c_int = 1;
const PROT_WRITE: c_int = 2;
const PROT_EXEC: c_int = 4;
const MAP_PRIVATE: c_int = 0x02;
const MAP_FIXED: c_int = 0x10;
const MAP_ANONYMOUS: c_int = 0x20;
const MAP_NORESERVE: c_int = 0x4000;
const MAP_POPULATE: c_int = 0x8000;
const MAP_FIXED_NOREPLACE: c_int = 0x10_0000;
const MAP_FAILED: usize = usize::MAX;
const CLOCK_MONOTONIC: c_int = 1;
const SIG_SETMASK: c_int = 2;
const PTHREAD_CREATE_DETACHED: c_int = 1;

/// `struct stat` as far as we read it.
#[repr(C)]
pub(super) struct Stat {
    pub(super) device: u64,
    pub(super) inode: u64,
    _links_to_rdev: [u64; 4],
    size: i64,
    _rest: [u64; 11],
}
const _: () = assert!(size_of::<Stat>() == 144);

#[repr(C)]
pub(super) struct TimeSpec {
    pub(super) seconds: i64,
    pub(super) nanoseconds: c_long,
}

#[repr(C)]
struct SignalSet([c_ulong; 16]);

#[repr(C, align(8))]
struct ThreadAttributes([u8; 56]);

/// `Elf64_Phdr`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProgramHeader {
    pub(crate) kind: u32,
    pub(crate) flags: u32,
    pub(crate) offset: u64,
    pub(crate) virtual_address: u64,
    pub(crate) physical_address: u64,
    pub(crate) file_size: u64,
    pub(crate) memory_size: u64,
    pub(crate) alignment: u64,
}

/// `struct dl_phdr_info`.
#[repr(C)]
pub(crate) struct LoadedObject {
    pub(crate) bias: u64,
    pub(crate) name: *const c_char,
    pub(crate) headers: *const ProgramHeader,
    pub(crate) header_count: u16,
    pub(crate) additions: u64,
    pub(crate) removals: u64,
    pub(crate) tls_module: usize,
    pub(crate) tls_block: *mut c_void,
}
const _: () = assert!(size_of::<LoadedObject>() == 64);

/// What `dl_iterate_phdr` calls for each loaded object.
pub(crate) type ObjectCallback =
    unsafe extern "C" fn(*mut LoadedObject, usize, *mut c_void) -> c_int;

unsafe extern "C" {
    fn __errno_location() -> *mut c_int;
    fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    pub(super) fn close(file: c_int) -> c_int;
    fn fstat(file: c_int, stat: *mut Stat) -> c_int;
    fn mmap(
        address: *mut c_void,
        length: usize,
        prot: c_int,
        flags: c_int,
        file: c_int,
        offset: i64,
    ) -> *mut c_void;
    fn munmap(address: *mut c_void, length: usize) -> c_int;
    fn getpid() -> c_int;
    fn clock_gettime(clock: c_int, time: *mut TimeSpec) -> c_int;
}

/// A file descriptor that is closed when it is dropped.
#[derive(Debug)]
pub(crate) struct File(c_int);

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: closing is always defined; the descriptor is ours (opened by `File::open`), so no other code relies on it.
        unsafe { close(self.0) };
    }
}

impl File {
    /// Opens a file to read it; not inherited over `exec`.
    pub(crate) fn open(path: NulTerminated<'_>) -> Result<Self, Errno> {
        // SAFETY: `path` ends with a NUL, by its type.
        let file = unsafe { open(path.with_nul().as_ptr().cast(), O_RDONLY | O_CLOEXEC) };
        if file < 0 {
            Err(Errno::last())
        } else {
            Ok(Self(file))
        }
    }

    /// Its length in bytes.
    pub(crate) fn length(&self) -> Result<u64, Errno> {
        let stat = status(self.0).ok_or_else(Errno::last)?;
        u64::try_from(stat.size).map_err(|_| Errno(0))
    }
}

pub(super) fn status(file: c_int) -> Option<Stat> {
    let mut stat = MaybeUninit::<Stat>::zeroed();
    // SAFETY: `stat` has the size of the C library's structure, and all bit patterns of it are valid.
    unsafe {
        if fstat(file, stat.as_mut_ptr()) == 0 {
            Some(stat.assume_init())
        } else {
            None
        }
    }
}

fn protection_bits(protection: Protection) -> c_int {
    match protection {
        Protection::Read => PROT_READ,
        Protection::ReadExecute => PROT_READ | PROT_EXEC,
        Protection::ReadWrite => PROT_READ | PROT_WRITE,
    }
}

fn mapped(at: *mut c_void, wanted: usize) -> Result<(), Errno> {
    if at.addr() == MAP_FAILED {
        Err(Errno::last())
    } else if at.addr() == wanted {
        Ok(())
    } else {
        // Never with MAP_FIXED; the compiler does not know.
        Err(Errno(0))
    }
}

/// Maps `length` bytes of `file` from `offset` on privately over whatever is at `address`, in one call.
///
/// # Safety
/// Replacing what is mapped at `address..address + length` must be sound: no reference points into it, and whoever runs
/// code in it must be able to go on at the same address in the new contents. The file must not be changed or cut
/// short while the mapping lives.
pub(crate) unsafe fn map_file_over(
    address: usize,
    length: usize,
    protection: Protection,
    file: &File,
    offset: u64,
    populate: bool,
) -> Result<(), Errno> {
    let flags = MAP_PRIVATE | MAP_FIXED | if populate { MAP_POPULATE } else { 0 };
    let offset = i64::try_from(offset).map_err(|_| Errno(0))?;
    // SAFETY: the caller's promise.
    let at = unsafe {
        mmap(
            ptr::without_provenance_mut(address),
            length,
            protection_bits(protection),
            flags,
            file.0,
            offset,
        )
    };
    mapped(at, address)
}

/// Maps `length` bytes of zeros, readable and writable, over whatever is at `address`.
///
/// # Safety
/// Replacing what is mapped at `address..address + length` must be sound.
pub(crate) unsafe fn map_zeros_over(address: usize, length: usize) -> Result<(), Errno> {
    let flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS;
    // SAFETY: the caller's promise.
    let at = unsafe {
        mmap(
            ptr::without_provenance_mut(address),
            length,
            PROT_READ | PROT_WRITE,
            flags,
            -1,
            0,
        )
    };
    mapped(at, address)
}

/// Makes `address..address + length` an inaccessible reservation again.
///
/// # Safety
/// Nobody may use what is mapped there.
pub(crate) unsafe fn reserve_over(address: usize, length: usize) -> Result<(), Errno> {
    let flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE;
    // SAFETY: the caller's promise.
    let at = unsafe {
        mmap(
            ptr::without_provenance_mut(address),
            length,
            PROT_NONE,
            flags,
            -1,
            0,
        )
    };
    mapped(at, address)
}

/// Reserves `address..address + length`, inaccessible, if nothing is there.
pub(crate) fn reserve_at(address: usize, length: usize) -> Result<(), Errno> {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    // SAFETY: without MAP_FIXED nothing that exists is replaced.
    let at = unsafe {
        mmap(
            ptr::without_provenance_mut(address),
            length,
            PROT_NONE,
            flags,
            -1,
            0,
        )
    };
    if at.addr() != MAP_FAILED && at.addr() != address {
        // A kernel before 4.17 takes the address as a mere hint.
        // SAFETY: this mapping was made by the call above and nobody knows of it.
        unsafe { munmap(at, length) };
        return Err(Errno::EXISTS);
    }
    mapped(at, address)
}

/// Gives a reservation back.
///
/// # Safety
/// `address..address + length` must be a reservation made by [`reserve_at`] that nobody uses.
pub(crate) unsafe fn unreserve(address: usize, length: usize) {
    // SAFETY: the caller's promise.
    unsafe { munmap(ptr::without_provenance_mut(address), length) };
}

/// Maps `length` bytes of zeros somewhere, readable and writable.
pub(crate) fn map_zeros(length: usize) -> Result<*mut u8, Errno> {
    // SAFETY: without a fixed address nothing that exists is replaced.
    let at = unsafe {
        mmap(
            ptr::null_mut(),
            length,
            PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if at.addr() == MAP_FAILED {
        Err(Errno::last())
    } else {
        Ok(at.cast())
    }
}

/// Makes `address..address + length` zero.
///
/// # Safety
/// The range must be mapped writable, and nobody may hold a reference into it.
pub(crate) unsafe fn fill_with_zeros(address: usize, length: usize) {
    // SAFETY: the caller's promise; the mapping was made through its address, so its provenance is exposed.
    unsafe { ptr::with_exposed_provenance_mut::<u8>(address).write_bytes(0, length) };
}

/// `CLOCK_MONOTONIC` in nanoseconds; `u64::MAX`, later than every deadline, when there is no such clock.
pub(crate) fn monotonic_nanoseconds() -> u64 {
    let mut time = TimeSpec {
        seconds: 0,
        nanoseconds: 0,
    };
    // SAFETY: `time` is a valid place for the result.
    if unsafe { clock_gettime(CLOCK_MONOTONIC, &raw mut time) } != 0 {
        return u64::MAX;
    }
    time.seconds
        .cast_unsigned()
        .wrapping_mul(1_000_000_000)
        .wrapping_add(time.nanoseconds.cast_unsigned())
}

/// The process, as it sees itself.
pub(crate) fn process_id() -> u32 {
    // SAFETY: `getpid` has no preconditions.
    unsafe { getpid() }.cast_unsigned()
}

/// The session's variable, until [`forget_environment_variable`] is called. `None` in a set-user-ID program.
///
/// # Safety
/// No other thread may exist, and nobody may change the environment while the result is used.
pub(crate) unsafe fn environment_variable<'a>(name: &CStr) -> Option<&'a [u8]> {
    unsafe extern "C" {
        fn secure_getenv(name: *const c_char) -> *const c_char;
        fn strlen(string: *const c_char) -> usize;
    }
    // SAFETY: `name` is NUL-terminated; the result is null or NUL-terminated and stays while the environment does.
    unsafe {
        let value = secure_getenv(name.as_ptr());
        if value.is_null() {
            None
        } else {
            Some(core::slice::from_raw_parts(value.cast(), strlen(value)))
        }
    }
}

/// Removes the session's variable.
///
/// # Safety
/// No other thread may exist, and nobody may use the variable's value afterwards.
pub(crate) unsafe fn forget_environment_variable(name: &CStr) {
    unsafe extern "C" {
        fn unsetenv(name: *const c_char) -> c_int;
    }
    // SAFETY: `name` is NUL-terminated; no other thread reads the environment, as the caller promises.
    unsafe { unsetenv(name.as_ptr()) };
}

/// Starts a detached thread that no signal is delivered to.
///
/// The stack is 256 KiB on top of what the C library takes for the program's thread-locals.
pub(crate) fn start_thread(entry: extern "C" fn(*mut c_void) -> *mut c_void) -> Result<(), Errno> {
    unsafe extern "C" {
        fn pthread_attr_init(attributes: *mut ThreadAttributes) -> c_int;
        fn pthread_attr_setdetachstate(attributes: *mut ThreadAttributes, state: c_int) -> c_int;
        fn pthread_attr_setstacksize(attributes: *mut ThreadAttributes, length: usize) -> c_int;
        fn pthread_attr_destroy(attributes: *mut ThreadAttributes) -> c_int;
        fn pthread_create(
            thread: *mut usize,
            attributes: *const ThreadAttributes,
            entry: extern "C" fn(*mut c_void) -> *mut c_void,
            argument: *mut c_void,
        ) -> c_int;
        fn pthread_sigmask(how: c_int, set: *const SignalSet, old: *mut SignalSet) -> c_int;
        fn sigfillset(set: *mut SignalSet) -> c_int;
    }
    const STACK: usize = 256 * 1024;
    let mut attributes = ThreadAttributes([0; 56]);
    let mut all = SignalSet([0; 16]);
    let mut before = SignalSet([0; 16]);
    let mut thread = 0_usize;
    // SAFETY: each structure has the size that the C library gives it on this target, and is initialised by it before
    // it is used; `entry` lives for ever.
    unsafe {
        let mut error = pthread_attr_init(&raw mut attributes);
        if error != 0 {
            return Err(Errno(error));
        }
        pthread_attr_setdetachstate(&raw mut attributes, PTHREAD_CREATE_DETACHED);
        sigfillset(&raw mut all);
        pthread_sigmask(SIG_SETMASK, &raw const all, &raw mut before);
        // glibc takes static thread-locals out of the stack; where they are large a small stack is refused.
        for length in [STACK, 8 * STACK, 64 * STACK] {
            pthread_attr_setstacksize(&raw mut attributes, length);
            error = pthread_create(
                &raw mut thread,
                &raw const attributes,
                entry,
                ptr::null_mut(),
            );
            if error == 0 {
                break;
            }
        }
        pthread_sigmask(SIG_SETMASK, &raw const before, ptr::null_mut());
        pthread_attr_destroy(&raw mut attributes);
        if error == 0 {
            Ok(())
        } else {
            Err(Errno(error))
        }
    }
}

/// Gives the calling thread the name that debuggers and `top -H` show.
pub(crate) fn name_thread(name: &CStr) {
    unsafe extern "C" {
        fn prctl(option: c_int, ...) -> c_int;
    }
    const PR_SET_NAME: c_int = 15;
    // SAFETY: `name` is NUL-terminated; longer names are cut by the kernel.
    unsafe { prctl(PR_SET_NAME, name.as_ptr(), 0_usize, 0_usize, 0_usize) };
}

/// Bytes of a thread's name, with the NUL.
const THREAD_NAME: usize = 16;

/// Takes `suffix` out of the calling thread's name, as far as the name has room for it.
pub(crate) fn shorten_thread_name(suffix: &[u8]) {
    unsafe extern "C" {
        fn prctl(option: c_int, ...) -> c_int;
    }
    const PR_SET_NAME: c_int = 15;
    const PR_GET_NAME: c_int = 16;
    let mut name = [0_u8; THREAD_NAME];
    // SAFETY: the kernel writes at most 16 bytes, a NUL among them.
    if unsafe { prctl(PR_GET_NAME, name.as_mut_ptr(), 0_usize, 0_usize, 0_usize) } != 0 {
        return;
    }
    let end = end_without(&name, suffix);
    if let Some(byte) = name.get_mut(end) {
        *byte = 0;
    }
    // SAFETY: the kernel has ended the name with a NUL, and another one does no harm.
    unsafe { prctl(PR_SET_NAME, name.as_ptr(), 0_usize, 0_usize, 0_usize) };
}

/// Where a thread's name ends without `suffix`, which the kernel may have cut.
fn end_without(name: &[u8; THREAD_NAME], suffix: &[u8]) -> usize {
    let length = name.iter().position(|byte| *byte == 0).unwrap_or(0);
    let text = name.get(..length).unwrap_or(&[]);
    if let Some(rest) = text.strip_suffix(suffix) {
        return rest.len();
    }
    // A name that fills its place may have lost the suffix's end.
    let is_full = length == THREAD_NAME.wrapping_sub(1);
    let mut kept = suffix.len();
    while is_full && kept > 0 {
        let part = suffix.get(..kept).unwrap_or(&[]);
        if let Some(rest) = text.strip_suffix(part) {
            return rest.len();
        }
        kept = kept.wrapping_sub(1);
    }
    length
}

/// Has `child` called in the child after each `fork` of the program.
///
/// `pthread_atfork` itself is in no shared library but in an archive, which a link may be done with by the time it comes to
/// our object; it calls this function and nothing else.
pub(crate) fn at_fork_in_child(child: extern "C" fn()) -> Result<(), Errno> {
    unsafe extern "C" {
        fn __register_atfork(
            prepare: Option<extern "C" fn()>,
            parent: Option<extern "C" fn()>,
            child: Option<extern "C" fn()>,
            shared_object: *mut c_void,
        ) -> c_int;
    }
    // SAFETY: `child` lives for ever; no shared object, since the main program is never unloaded.
    match unsafe { __register_atfork(None, None, Some(child), ptr::null_mut()) } {
        0 => Ok(()),
        error => Err(Errno(error)),
    }
}

/// Runs `body` and puts `errno` back, for code that the program does not know it calls.
pub(crate) fn preserving_errno(body: impl FnOnce()) {
    // SAFETY: the C library's `errno` of this thread is valid for as long as the thread lives.
    unsafe {
        let place = __errno_location();
        let before = *place;
        body();
        *place = before;
    }
}

/// Run address of a dynamic symbol as the program would find it, 0 when there is none.
pub(crate) fn dynamic_symbol(name: NulTerminated<'_>) -> u64 {
    unsafe extern "C" {
        fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    }
    // SAFETY: a null handle is RTLD_DEFAULT; `name` is NUL-terminated by its type.
    unsafe { dlsym(ptr::null_mut(), name.with_nul().as_ptr().cast()) }.addr() as u64
}

/// `__register_frame` of the unwinder, if the program holds one (with `panic = "abort"` it may not).
pub(crate) fn register_frame() -> Option<unsafe extern "C" fn(*const c_void)> {
    let address: usize;
    // SAFETY: reads one entry of the global offset table. A weak reference cannot be declared in stable Rust.
    unsafe {
        core::arch::asm!(
            ".weak __register_frame",
            "mov {address}, qword ptr [rip + __register_frame@GOTPCREL]",
            address = out(reg) address,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    if address == 0 {
        return None;
    }
    // SAFETY: not null, so it is the unwinder's function, which takes the address of an `.eh_frame`.
    Some(unsafe {
        core::mem::transmute::<*const c_void, unsafe extern "C" fn(*const c_void)>(
            ptr::without_provenance(address),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_its_suffix_also_where_the_kernel_cut_it() {
        for (name, expected) in [
            ("app.hotpatch", "app"),
            ("application.hot", "application"),
            ("applications12.", "applications12"),
            ("applications123", "applications123"),
            ("app", "app"),
            ("", ""),
        ] {
            let mut bytes = [0; THREAD_NAME];
            bytes[..name.len()].copy_from_slice(name.as_bytes());
            let end = end_without(&bytes, b".hotpatch");
            assert_eq!(&name[..end], expected, "{name}");
        }
    }
}
