//! Linked with a jump table by the tests; checks from inside what must hold. Exit code 42 means that everything did.
use std::sync::atomic::{AtomicUsize, Ordering};

use helper::Shape;

unsafe extern "C" {
    static hotpatch_thunks_start: u8;
    static hotpatch_spare_thunks: u8;
    static hotpatch_thunks_end: u8;
    fn mprotect(address: *mut u8, length: usize, protection: i32) -> i32;
    fn call_me_back(callback: extern "C" fn(i32) -> i32, value: i32) -> i32;
    fn dlsym(handle: *mut u8, name: *const std::ffi::c_char) -> *mut u8;
    fn distance_of_tls_spare() -> i64;
    fn on_illegal_instruction(handler: extern "C" fn());
    fn is_own_address_from_c(callback: extern "C" fn(i32) -> i32) -> i32;
}

fn bounds() -> (usize, usize, usize) {
    unsafe {
        (
            &raw const hotpatch_thunks_start as usize,
            &raw const hotpatch_spare_thunks as usize,
            &raw const hotpatch_thunks_end as usize,
        )
    }
}

fn is_thunk(address: usize) -> bool {
    let (start, spare, _) = bounds();
    start < address && address < spare && address % 8 == 0
}

/// What publishing a patch does, in the crudest way: makes the thunk at `from` jump to where the thunk at `to` leads.
#[inline(never)]
fn redirect(from: usize, to: usize) {
    let (start, _, end) = bounds();
    // Else the optimiser refers to the function's bytes, not to its address.
    let (from, to) = std::hint::black_box((from, to));
    unsafe {
        assert_eq!(mprotect(start as *mut u8, end - start, 7), 0);
        assert_eq!(*(from as *const u8), 0xe9);
        let displacement = (to as i64 - (from as i64 + 5)) as i32;
        ((from + 1) as *mut i32).write_unaligned(displacement);
        assert_eq!(mprotect(start as *mut u8, end - start, 5), 0);
    }
}

#[inline(never)]
fn local_recursion(n: u64) -> u64 {
    match n {
        0 => 1,
        5 => {
            redirect(
                local_recursion as *const () as usize,
                replacement as *const () as usize,
            );
            std::hint::black_box(local_recursion(std::hint::black_box(4))) + 1
        }
        _ => std::hint::black_box(local_recursion(n - 1)) + 1,
    }
}

#[inline(never)]
fn replacement(n: u64) -> u64 {
    1000 + n
}

#[inline(never)]
fn own_address() -> usize {
    std::hint::black_box(own_address as *const () as usize)
}

#[inline(never)]
pub fn generic_caller<F: Fn(u64) -> u64>(f: F) -> u64 {
    std::hint::black_box(f(std::hint::black_box(20)))
}

extern "C" fn local_callback(value: i32) -> i32 {
    value * 2
}

#[inline(never)]
fn dense_match(n: u32) -> u32 {
    // Becomes a jump table.
    match std::hint::black_box(n) {
        0 => 11,
        1 => helper::describe(n).len() as u32,
        2 => 33,
        3 => local_callback(4) as u32,
        4 => 5,
        5 => 66,
        6 => 78,
        7 => 81,
        8 => 99,
        _ => 0,
    }
}

fn backtrace_contains(name: &str) -> bool {
    std::backtrace::Backtrace::force_capture()
        .to_string()
        .contains(name)
}

#[inline(never)]
fn frame_with_a_name() -> bool {
    std::hint::black_box(backtrace_contains("frame_with_a_name"))
}

static CALLS: AtomicUsize = AtomicUsize::new(0);

struct Counted;

impl Shape for Counted {
    fn area(&self) -> u64 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        9
    }
}

static SEEN_INSIDE_OF_THUNK: AtomicUsize = AtomicUsize::new(0);

/// The thunk that is being called is illegal for a moment: the signal arrives with the program inside of it.
#[inline(never)]
fn caller_of_a_trap() -> u64 {
    std::hint::black_box(helper::sum_up_to(std::hint::black_box(3))) + 1
}

extern "C" fn trapped() {
    let trace = std::backtrace::Backtrace::force_capture().to_string();
    SEEN_INSIDE_OF_THUNK.store(
        usize::from(trace.contains("caller_of_a_trap") && trace.contains("program::main")),
        Ordering::Relaxed,
    );
    overwrite(helper::sum_up_to as *const () as usize, 0xe9);
}

fn overwrite(thunk: usize, byte: u8) {
    let (start, _, end) = bounds();
    unsafe {
        assert_eq!(mprotect(start as *mut u8, end - start, 7), 0);
        (std::hint::black_box(thunk) as *mut u8).write(byte);
        assert_eq!(mprotect(start as *mut u8, end - start, 5), 0);
    }
}

static TABLE: [fn(u64) -> u64; 2] = [replacement, replacement];

fn main() {
    let (start, spare, end) = bounds();
    assert!(
        start % 4096 == 0 && spare % 4096 == 0 && end % 4096 == 0,
        "{start:x} {spare:x} {end:x}"
    );
    assert!(end - spare >= 8192 * 8);

    for address in [
        own_address as *const () as usize,
        local_recursion as *const () as usize,
        helper::sum_up_to as *const () as usize,
        helper::helper_callback as *const () as usize,
        local_callback as *const () as usize,
        TABLE[1] as *const () as usize,
    ] {
        assert!(is_thunk(address), "{address:x} is not a thunk");
    }
    assert_eq!(own_address(), own_address as *const () as usize);
    assert_eq!(
        TABLE[0] as *const () as usize,
        replacement as *const () as usize
    );
    assert_eq!(helper::naked_three(), 3);

    let shapes: Vec<Box<dyn Shape>> = vec![Box::new(helper::Square(3)), Box::new(Counted)];
    assert_eq!(shapes.iter().map(|shape| shape.area()).sum::<u64>(), 18);
    assert_eq!(CALLS.load(Ordering::Relaxed), 1);
    // The vtable's slot holds a thunk: [drop, size, align, area].
    let vtable = unsafe { *(&raw const shapes[1]).cast::<[*const usize; 2]>() }[1];
    assert!(is_thunk(unsafe { *vtable.add(3) }));

    assert_eq!(helper::sum_up_to(100), 5050);
    assert_eq!(helper::describe("x"), "<x>");
    assert_eq!(
        (0..10).map(dense_match).sum::<u32>(),
        11 + 3 + 33 + 8 + 5 + 66 + 78 + 81 + 99
    );
    let captured = std::hint::black_box(1);
    assert_eq!(generic_caller(|n| n + captured), 21);
    unsafe {
        assert_eq!(call_me_back(local_callback, 4), 8);
        assert_eq!(call_me_back(helper::helper_callback, 4), 5);
        assert_eq!(is_own_address_from_c(helper::helper_callback), 1);
    }

    #[cfg(panic = "unwind")]
    {
        std::panic::set_hook(Box::new(|_| {}));
        let caught = std::panic::catch_unwind(|| helper::panic_with("deep"));
        assert_eq!(
            caught.unwrap_err().downcast_ref::<String>().unwrap(),
            "deep"
        );
        assert_eq!(helper::DROPS.load(Ordering::Relaxed), 1);
        let _ = std::panic::take_hook();
    }
    assert!(frame_with_a_name());

    // 06 is not an instruction in 64-bit mode.
    unsafe { on_illegal_instruction(trapped) };
    overwrite(helper::sum_up_to as *const () as usize, 0x06);
    assert_eq!(caller_of_a_trap(), 7);
    assert_eq!(
        SEEN_INSIDE_OF_THUNK.load(Ordering::Relaxed),
        1,
        "a backtrace from inside of a thunk lost its caller"
    );

    let exported = unsafe { dlsym(std::ptr::null_mut(), c"helper_callback".as_ptr()) } as usize;
    assert!(exported == 0 || exported == helper::helper_callback as *const () as usize);
    assert_eq!(exported != 0, std::env::args().any(|arg| arg == "exported"));

    // A call that was already running when the thunk moved goes on in the old code, each new one is new.
    assert_eq!(local_recursion(6), 1000 + 4 + 1 + 1);
    assert_eq!(local_recursion(1), 1001);

    let threads: Vec<_> = (0..4)
        .map(|n| std::thread::spawn(move || helper::sum_up_to(1000 + n)))
        .collect();
    assert_eq!(
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum::<u64>(),
        500500 + 501501 + 502503 + 503506
    );
    print!("{}", unsafe { distance_of_tls_spare() });
    std::process::exit(42);
}
