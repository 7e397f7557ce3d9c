//! The proof on which the design stands: one mapping over the thunk region flips all thunks for all threads at once.
//!
//! Threads call two functions through two thunks, one at each end of a region of 262,144 thunks (2 MiB), while the region is
//! replaced again and again by the stub's own function. In version `n` both functions return `n`. It must hold that
//! - a call that begins after version `n` was published returns `n` or a later one,
//! - a call that begins after another call has returned `n` (whichever of the two functions, in the same thread, or in another
//!   thread that has told of it) returns `n` or a later one: so no thread ever sees half a patch,
//! - every call returns a version that exists: no torn thunk, no fault.
//!
//! The tests take a few seconds. `HOTPATCH_REMAP_VERSIONS=20000 cargo test -p hotpatch-runtime --release --test remap -- --nocapture`
//! is the long form, and prints the numbers.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(
    dead_code,
    reason = "the stub's own modules are compiled in, and only a part of them is used"
)]
#![allow(
    unreachable_pub,
    missing_docs,
    unused_imports,
    reason = "modules of a crate, compiled into a test"
)]
#![allow(clippy::unwrap_used, reason = "a failure is the test's failure")]

use std::ffi::{CString, c_void};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[path = "../src/arena.rs"]
mod arena;
#[path = "../src/protocol/mod.rs"]
mod protocol;
#[path = "../src/sys/mod.rs"]
mod sys;
#[path = "../src/table.rs"]
mod table;

use protocol::NulTerminated;
use sys::File;

const THUNK: usize = 8;
const REGION: usize = 2 * 1024 * 1024;
const THUNKS: usize = REGION / THUNK;
/// One body: `mov eax, VERSION; ret`, padded.
const BODY: usize = 16;

type Function = extern "C" fn() -> u32;

/// The two ways to replace a region in one call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// What the stub does: `mmap(MAP_FIXED | MAP_POPULATE)` from the file.
    Map,
    /// `mmap` elsewhere, populated, then `mremap(MREMAP_FIXED)`.
    MapAndMove,
}

unsafe extern "C" {
    fn mmap(
        address: *mut c_void,
        length: usize,
        prot: i32,
        flags: i32,
        file: i32,
        offset: i64,
    ) -> *mut c_void;
    fn mprotect(address: *mut c_void, length: usize, prot: i32) -> i32;
    fn mremap(
        old: *mut c_void,
        old_length: usize,
        new_length: usize,
        flags: i32,
        new: *mut c_void,
    ) -> *mut c_void;
    fn munmap(address: *mut c_void, length: usize) -> i32;
}

/// A region of thunks, and behind it the bodies of all versions.
struct Program {
    region: *mut u8,
    directory: PathBuf,
}

impl Program {
    fn new(versions: u32, name: &str) -> Self {
        let bodies_length = (versions as usize * 2 * BODY).next_multiple_of(4096);
        // SAFETY: a new anonymous mapping.
        let region = unsafe { mmap(std::ptr::null_mut(), REGION + bodies_length, 3, 0x22, -1, 0) }
            .cast::<u8>();
        assert!(region.addr() != usize::MAX);
        let bodies = region.wrapping_add(REGION);
        for version in 0..versions {
            for function in 0..2 {
                let mut code = [0xcc_u8; BODY];
                code[0] = 0xb8;
                code[1..5].copy_from_slice(&version.to_le_bytes());
                code[5] = 0xc3;
                // SAFETY: the mapping holds two bodies of `BODY` bytes for each version.
                unsafe {
                    bodies
                        .add((version as usize * 2 + function) * BODY)
                        .cast::<[u8; BODY]>()
                        .write(code);
                }
            }
        }
        // SAFETY: our own mapping, and nobody runs in it yet.
        assert_eq!(unsafe { mprotect(bodies.cast(), bodies_length, 5) }, 0);
        let directory =
            std::env::temp_dir().join(format!("hotpatch-remap-{}-{name}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let program = Self { region, directory };
        let first = program.prepare(0);
        // SAFETY: nobody runs in the region yet.
        unsafe { program.publish(&first, Way::Map) };
        program
    }

    /// The two thunks: the first of the region and the last.
    fn functions(&self) -> [Function; 2] {
        [0, THUNKS - 1].map(|slot| {
            // SAFETY: each slot holds a thunk to a body that returns a `u32` and touches nothing else.
            unsafe {
                std::mem::transmute::<*mut u8, Function>(self.region.wrapping_add(slot * THUNK))
            }
        })
    }

    /// Writes the prepared copy of the region for `version` to a new file, as the tool does.
    fn prepare(&self, version: u32) -> PathBuf {
        let mut copy = vec![0xcc; REGION];
        for (slot, thunk) in copy.chunks_exact_mut(THUNK).enumerate() {
            let function = usize::from(slot >= THUNKS / 2);
            let body = REGION + (version as usize * 2 + function) * BODY;
            let displacement = i32::try_from(body as i64 - (slot * THUNK + 5) as i64).unwrap();
            thunk[0] = 0xe9;
            thunk[1..5].copy_from_slice(&displacement.to_le_bytes());
        }
        let path = self.directory.join(format!("{version}.thunks"));
        fs::write(&path, copy).unwrap();
        path
    }

    /// # Safety
    /// `path` holds a complete region.
    unsafe fn publish(&self, path: &std::path::Path, way: Way) -> Duration {
        let name = CString::new(path.to_str().unwrap()).unwrap();
        let begun = Instant::now();
        let file = File::open(NulTerminated::new(name.as_bytes_with_nul()).unwrap()).unwrap();
        match way {
            Way::Map => {
                // SAFETY: each slot of the region holds a thunk in the file, too, which is not changed any more.
                unsafe { table::replace(self.region.addr(), REGION, &file) }.unwrap();
            }
            Way::MapAndMove => {
                // SAFETY: two mappings of our own: one that does not exist yet, and the region, as above.
                unsafe {
                    let copy = mmap(std::ptr::null_mut(), REGION, 3, 0x22, -1, 0);
                    assert!(copy.addr() != usize::MAX);
                    sys::map_file_over(
                        copy.addr(),
                        REGION,
                        protocol::Protection::ReadExecute,
                        &file,
                        0,
                        true,
                    )
                    .unwrap();
                    let at = mremap(copy, REGION, REGION, 3, self.region.cast());
                    assert_eq!(at, self.region.cast());
                }
            }
        }
        begun.elapsed()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: the threads that ran in the mapping have ended.
        unsafe { munmap(self.region.cast(), REGION) };
        let _ = fs::remove_dir_all(&self.directory);
    }
}

// SAFETY: the mappings are only read by the threads, and replaced only by `publish`, which is what is tested.
unsafe impl Sync for Program {}

fn prove(threads: usize, way: Way, name: &str) {
    let requested = std::env::var("HOTPATCH_REMAP_VERSIONS").ok();
    let versions: u32 = requested.map_or(600, |text| text.parse().unwrap());
    let program = Program::new(versions, name);
    // What was published, and the newest that any thread has seen. `SeqCst`: the test must not lean on finer points.
    let published = AtomicU32::new(0);
    let seen_by_others = AtomicU32::new(0);
    let calls = AtomicU64::new(0);
    let fresh = AtomicU64::new(0);
    let done = AtomicBool::new(false);
    let begun = Instant::now();
    let mut durations = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let functions = program.functions();
                let (mut seen, mut made, mut changes) = (0, 0_u64, 0_u64);
                while !done.load(Ordering::Relaxed) {
                    // What others have seen, and what was published, before the next call begins.
                    let told = published
                        .load(Ordering::SeqCst)
                        .max(seen_by_others.load(Ordering::SeqCst));
                    for round in 0..64 {
                        let floor = if round == 0 { seen.max(told) } else { seen };
                        let got = functions[round & 1]();
                        assert!(
                            floor <= got && got < versions,
                            "function {} returned version {got} after {floor} was seen",
                            round & 1
                        );
                        if got != seen {
                            changes += 1;
                            seen_by_others.fetch_max(got, Ordering::SeqCst);
                        }
                        seen = got;
                        made += 1;
                    }
                }
                calls.fetch_add(made, Ordering::Relaxed);
                fresh.fetch_add(changes, Ordering::Relaxed);
            });
        }
        let limit = Duration::from_secs(if versions > 600 { 3600 } else { 4 });
        for version in 1..versions {
            let path = program.prepare(version);
            // SAFETY: `prepare` has written a complete region.
            durations.push(unsafe { program.publish(&path, way) });
            published.store(version, Ordering::SeqCst);
            // The mapping keeps the contents.
            fs::remove_file(path).unwrap();
            // However slow the machine is: some publications there must be.
            if begun.elapsed() > limit && version >= 12 {
                break;
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    durations.sort();
    let total: Duration = durations.iter().sum();
    let count = durations.len();
    assert!(
        fresh.load(Ordering::Relaxed) > 0,
        "no thread ever saw a new version in {count} publications"
    );
    println!(
        "{name}: {threads} threads, {count} publications of {THUNKS} thunks, {:.2e} calls, {} changes seen: \
         mean {:.2?}, median {:.2?}, 99% {:.2?}, longest {:.2?}",
        calls.into_inner() as f64,
        fresh.into_inner(),
        total / u32::try_from(count).unwrap(),
        durations[count / 2],
        durations[count * 99 / 100],
        durations[count - 1],
    );
}

#[test]
fn one_mapping_flips_all_thunks_for_two_threads() {
    prove(2, Way::Map, "map-2");
}

#[test]
fn one_mapping_flips_all_thunks_for_eight_threads() {
    prove(8, Way::Map, "map-8");
}

#[test]
fn moving_a_mapping_flips_all_thunks_for_two_threads() {
    prove(2, Way::MapAndMove, "move-2");
}

#[test]
fn moving_a_mapping_flips_all_thunks_for_eight_threads() {
    prove(8, Way::MapAndMove, "move-8");
}
