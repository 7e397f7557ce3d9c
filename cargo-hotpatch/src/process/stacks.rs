//! Which functions have a frame on some thread's stack, found from outside and without stopping anything.
//!
//! A thread that waits in a system call has its stack pointer in `/proc/<pid>/task/<tid>/syscall`. From there to the end of
//! the mapping each aligned word is looked at: one that points just behind a call instruction inside of a given function is
//! taken for a return address into it.
//!
//! ```text
//!   stack pointer ──► | locals of callee | return address ──► just behind `call callee` in F: F has a frame
//!                     | locals of F      | return address ──► ...
//!   end of mapping ─► | thread's start   |
//! ```
//!
//! **Precision.** For a waiting thread nothing is missed: a frame that is not the innermost holds a return address, and
//! the innermost frame is the system call's, outside of the program's functions (or is found by its program counter). Too
//! much can be found: a stale return address in a hole of a live frame, an integer that looks like one. A thread that
//! runs has no readable stack pointer; it is asked again some times over a few milliseconds, and if it never waits, the
//! whole of the stacks that no waiting thread claims is searched: what is found there is marked as not certain, since
//! words below the stack pointer are left from calls that have returned.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// A function with a frame on a stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StillRunning {
    /// As given with its range.
    pub function: String,
    /// The thread's name; if several threads may be meant, all of them.
    pub thread: String,
    /// False when the thread was busy, so that the frame may be one that has returned.
    pub certain: bool,
    /// Where it goes on, run addresses: its program counter, or what its calls return to.
    pub places: BTreeSet<u64>,
}

/// How often a running thread is asked, and how long it is left alone in between.
const ATTEMPTS: usize = 8;
const BETWEEN_ATTEMPTS: Duration = Duration::from_micros(300);
/// No more of one stack is read: the innermost 64 MiB.
const LARGEST_STACK: u64 = 64 << 20;
/// Stacks of threads that never waited are read from their outer end, and no more than this.
const LARGEST_UNCLAIMED: u64 = 8 << 20;

/// The functions among `ranges` (run addresses of their code, in any order) that have a frame on a stack of process
/// `pid`, sorted, each once a thread. See the module's documentation for what this can and can't know.
///
/// # Errors
/// When the process is gone or does not let itself be looked at (another user's, or it made itself undumpable).
pub fn still_running(pid: u32, ranges: &[(Range<u64>, String)]) -> Result<Vec<StillRunning>> {
    if ranges.is_empty() {
        return Ok(Vec::new());
    }
    let code = Code::new(ranges);
    let mut found = BTreeSet::new();
    let mut claimed: Vec<u64> = Vec::new();
    let mut busy: Vec<Thread> = Vec::new();
    let mut waiting: Vec<(Thread, Registers)> = Vec::new();
    for thread in threads(pid)? {
        match registers(pid, &thread) {
            Some(registers) => waiting.push((thread, registers)),
            None => busy.push(thread),
        }
    }
    let maps = Map::all(pid)?;
    for (thread, registers) in &waiting {
        claimed.push(registers.stack_pointer);
        let mut functions: HashMap<&str, BTreeSet<u64>> = HashMap::new();
        if let Some(function) = code.function_at(registers.program_counter) {
            functions
                .entry(function)
                .or_default()
                .insert(registers.program_counter);
        }
        if let Some(map) = maps
            .iter()
            .find(|map| map.range.contains(&registers.stack_pointer))
        {
            let begin = registers.stack_pointer & !7;
            let words = read_words(
                pid,
                begin..map.range.end.min(begin.saturating_add(LARGEST_STACK)),
            )
            .with_context(|| {
                format!(
                    "cannot read the stack of thread `{}` of process {pid}",
                    thread.name
                )
            })?;
            for (function, places) in code.returns_among(pid, &words) {
                functions.entry(function).or_default().extend(places);
            }
        }
        found.extend(
            functions
                .into_iter()
                .map(|(function, places)| StillRunning {
                    function: function.to_owned(),
                    thread: thread.name.clone(),
                    certain: true,
                    places,
                }),
        );
    }
    found.extend(search_unclaimed(pid, &code, &maps, &claimed, &busy));
    Ok(found.into_iter().collect())
}

/// The stacks that belong to no waiting thread, for the threads that never waited.
fn search_unclaimed(
    pid: u32,
    code: &Code<'_>,
    maps: &[Map],
    claimed: &[u64],
    busy: &[Thread],
) -> Vec<StillRunning> {
    let mut found = Vec::new();
    if busy.is_empty() {
        return found;
    }
    let others: Vec<&str> = busy
        .iter()
        .filter(|thread| thread.id != pid)
        .map(|thread| thread.name.as_str())
        .collect();
    for (index, map) in maps.iter().enumerate() {
        let is_main = map.name == "[stack]";
        // What pthread_create makes: anonymous, readable and writable, with a guard below.
        let is_pthread = map.name.is_empty()
            && map.is_writable
            && index
                .checked_sub(1)
                .and_then(|below| maps.get(below))
                .is_some_and(|below| {
                    below.range.end == map.range.start
                        && !below.is_readable
                        && below.name.is_empty()
                });
        let may_hold = if is_main {
            busy.iter().any(|thread| thread.id == pid)
        } else {
            is_pthread && !others.is_empty()
        };
        if !may_hold || claimed.iter().any(|pointer| map.range.contains(pointer)) {
            continue;
        }
        let begin = map
            .range
            .start
            .max(map.range.end.saturating_sub(LARGEST_UNCLAIMED));
        // A stack may be unmapped while we look; then its thread has ended.
        let Ok(words) = read_words(pid, begin..map.range.end) else {
            continue;
        };
        let thread = if is_main {
            busy.iter()
                .find(|thread| thread.id == pid)
                .map(|thread| thread.name.clone())
                .unwrap_or_default()
        } else {
            others.join(" or ")
        };
        found.extend(
            code.returns_among(pid, &words)
                .into_iter()
                .map(|(function, places)| StillRunning {
                    function: function.to_owned(),
                    thread: thread.clone(),
                    certain: false,
                    places,
                }),
        );
    }
    found
}

struct Thread {
    id: u32,
    name: String,
}

struct Registers {
    stack_pointer: u64,
    program_counter: u64,
}

fn threads(pid: u32) -> Result<Vec<Thread>> {
    let directory = format!("/proc/{pid}/task");
    let entries = fs::read_dir(&directory)
        .with_context(|| format!("process {pid} is gone: cannot list `{directory}`"))?;
    let mut threads = Vec::new();
    for entry in entries.flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // A thread that ended since the listing holds no frame.
        let Ok(name) = fs::read_to_string(entry.path().join("comm")) else {
            continue;
        };
        threads.push(Thread {
            id,
            name: name.trim_end().to_owned(),
        });
    }
    Ok(threads)
}

/// `None` if it ran whenever it was asked. A thread that has ended meanwhile counts as that too, and harms nothing.
fn registers(pid: u32, thread: &Thread) -> Option<Registers> {
    let path = format!("/proc/{pid}/task/{}/syscall", thread.id);
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            std::thread::sleep(BETWEEN_ATTEMPTS);
        }
        if let Some(registers) = parse_syscall(&fs::read_to_string(&path).ok()?) {
            return Some(registers);
        }
    }
    None
}

/// `running`, or `<number> <six arguments> <stack pointer> <program counter>`, or `-1 <stack pointer> <program counter>`.
fn parse_syscall(text: &str) -> Option<Registers> {
    let mut fields = text.split_ascii_whitespace().rev();
    let mut hexadecimal = || u64::from_str_radix(fields.next()?.strip_prefix("0x")?, 16).ok();
    let program_counter = hexadecimal()?;
    let stack_pointer = hexadecimal()?;
    Some(Registers {
        stack_pointer,
        program_counter,
    })
}

#[derive(Debug, PartialEq, Eq)]
struct Map {
    range: Range<u64>,
    is_readable: bool,
    is_writable: bool,
    name: String,
}

impl Map {
    fn all(pid: u32) -> Result<Vec<Self>> {
        let path = format!("/proc/{pid}/maps");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{path}`"))?;
        Ok(text.lines().filter_map(Self::parse).collect())
    }

    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(6, ' ');
        let (start, end) = fields.next()?.split_once('-')?;
        let range = u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?;
        let rights = fields.next()?.as_bytes();
        let name = fields.nth(3).unwrap_or_default().trim().to_owned();
        Some(Self {
            range,
            is_readable: rights.first() == Some(&b'r'),
            is_writable: rights.get(1) == Some(&b'w'),
            name,
        })
    }
}

/// The functions that are looked for.
struct Code<'a> {
    /// Sorted by start.
    ranges: Vec<&'a (Range<u64>, String)>,
}

impl<'a> Code<'a> {
    fn new(ranges: &'a [(Range<u64>, String)]) -> Self {
        let mut ranges: Vec<_> = ranges.iter().collect();
        ranges.sort_by_key(|(range, _)| range.start);
        Self { ranges }
    }

    fn function_at(&self, address: u64) -> Option<&'a str> {
        let after = self
            .ranges
            .partition_point(|(range, _)| range.start <= address);
        let (range, name) = self.ranges.get(after.checked_sub(1)?)?;
        range.contains(&address).then_some(name.as_str())
    }

    /// Return addresses into the functions, by function.
    fn returns_among(&self, pid: u32, words: &[u64]) -> HashMap<&'a str, BTreeSet<u64>> {
        let mut addresses = HashSet::new();
        let mut functions: HashMap<&str, BTreeSet<u64>> = HashMap::new();
        for &word in words {
            // A return address may be the function's end, if the call never returns: it belongs to the byte before.
            let Some(function) = word
                .checked_sub(1)
                .and_then(|before| self.function_at(before))
            else {
                continue;
            };
            if addresses.insert(word) && is_behind_call(pid, word) {
                functions.entry(function).or_default().insert(word);
            }
        }
        functions
    }
}

/// Reads `length` bytes at a run address of process `pid`.
///
/// # Errors
/// When they cannot all be read.
pub fn read_bytes(pid: u32, address: u64, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let read = read_memory(pid, address, &mut bytes)
        .with_context(|| format!("cannot read {length} bytes at {address:#x} of process {pid}"))?;
    anyhow::ensure!(
        read == length,
        "only {read} of {length} bytes at {address:#x} of process {pid} can be read"
    );
    Ok(bytes)
}

fn is_behind_call(pid: u32, address: u64) -> bool {
    let mut before = [0_u8; LONGEST_CALL];
    let begin = address.saturating_sub(LONGEST_CALL as u64);
    matches!(read_memory(pid, begin, &mut before), Ok(read) if read == before.len())
        && ends_with_call(&before)
}

/// `call [base + index*scale + disp32]` with a prefix.
const LONGEST_CALL: usize = 8;

/// Whether the bytes end with a call instruction of any form that has a plausible encoding.
fn ends_with_call(bytes: &[u8; LONGEST_CALL]) -> bool {
    // e8 rel32
    if bytes[LONGEST_CALL - 5] == 0xe8 {
        return true;
    }
    // ff /2 [sib] [displacement]
    (2..=7).any(|length| {
        let instruction = &bytes[LONGEST_CALL - length..];
        let modrm = instruction[1];
        let (mode, is_call, rm) = (modrm >> 6, (modrm >> 3) & 7 == 2, modrm & 7);
        let has_sib = mode != 3 && rm == 4;
        let displacement = match mode {
            0 if rm == 5 || (has_sib && instruction.get(2).is_some_and(|sib| sib & 7 == 5)) => 4,
            1 => 1,
            2 => 4,
            _ => 0,
        };
        instruction[0] == 0xff && is_call && length == 2 + usize::from(has_sib) + displacement
    })
}

/// Reads whole words. What was unmapped or unreadable in the middle ends the reading early.
fn read_words(pid: u32, range: Range<u64>) -> std::io::Result<Vec<u64>> {
    const PIECE: usize = 256 << 10;
    let mut words = Vec::new();
    let mut buffer = vec![0_u8; PIECE];
    let mut at = range.start;
    while at < range.end {
        let length = usize::try_from(range.end - at).unwrap_or(PIECE).min(PIECE);
        let read = match read_memory(pid, at, &mut buffer[..length]) {
            Ok(read) => read,
            Err(error) if words.is_empty() => return Err(error),
            Err(_) => break,
        };
        words.extend(buffer[..read].chunks_exact(8).map(|word| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(word);
            u64::from_le_bytes(bytes)
        }));
        if read < length {
            break;
        }
        at += read as u64;
    }
    Ok(words)
}

fn read_memory(pid: u32, address: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
    let out_of_range = |_| std::io::Error::from(std::io::ErrorKind::InvalidInput);
    let local = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let remote = libc::iovec {
        iov_base: std::ptr::without_provenance_mut(usize::try_from(address).map_err(out_of_range)?),
        iov_len: buffer.len(),
    };
    let pid = libc::pid_t::try_from(pid).map_err(out_of_range)?;
    // SAFETY: one local vector, which is exactly `buffer`, borrowed mutably for the call: the kernel writes no more than
    // its length into it. The remote vector is only an address in another process; the kernel checks it.
    let read = unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(read).map_err(|_| std::io::Error::last_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Instant;

    #[test]
    fn the_kernels_lines_are_understood() {
        let registers =
            parse_syscall("0 0x0 0x7f 0x1 0x0 0x0 0x0 0x7ffd10 0x7f0a1\n").expect("in a call");
        assert_eq!(
            (registers.stack_pointer, registers.program_counter),
            (0x7f_fd10, 0x7_f0a1)
        );
        assert!(parse_syscall("-1 0x7ffd10 0x7f0a1\n").is_some());
        assert!(parse_syscall("running\n").is_none());
        assert!(parse_syscall("").is_none());
        let map =
            Map::parse("7ffc0000-7ffd1000 rw-p 00000000 00:00 0                          [stack]")
                .expect("a map");
        assert_eq!(
            (map.range, map.is_writable, map.name.as_str()),
            (0x7ffc_0000..0x7ffd_1000, true, "[stack]")
        );
        assert_eq!(
            Map::parse("1000-2000 ---p 00000000 00:00 0 ")
                .expect("a map")
                .name,
            ""
        );
        assert_eq!(
            Map::parse("1000-2000 r--p 0 08:01 5 /a b")
                .expect("a map")
                .name,
            "/a b"
        );
    }

    #[test]
    fn calls_are_recognised_by_their_bytes() {
        let ends = |tail: &[u8]| {
            let mut bytes = [0x90; LONGEST_CALL];
            bytes[LONGEST_CALL - tail.len()..].copy_from_slice(tail);
            ends_with_call(&bytes)
        };
        for call in [
            &[0xe8, 1, 2, 3, 4][..],
            &[0xff, 0xd0],
            &[0x41, 0xff, 0xd3],
            &[0xff, 0x10],
            &[0xff, 0x50, 0x18],
            &[0xff, 0x54, 0x24, 0x10],
            &[0xff, 0x14, 0xc8],
            &[0xff, 0x15, 1, 2, 3, 4],
            &[0xff, 0x90, 1, 2, 3, 4],
            &[0xff, 0x94, 0x24, 1, 2, 3, 4],
            &[0xff, 0x14, 0x25, 1, 2, 3, 4],
        ] {
            assert!(ends(call), "{call:x?}");
        }
        for other in [
            &[0x90][..],
            &[0xff, 0xe0],
            &[0xff, 0x15],
            &[0xe9, 1, 2, 3, 4],
            &[0xff, 0x50],
        ] {
            assert!(!ends(other), "{other:x?}");
        }
    }

    #[inline(never)]
    fn holds_a_frame(started: &Sender<()>, end: &Receiver<()>) {
        started.send(()).expect("the test listens");
        let _ = end.recv();
        std::hint::black_box(end);
    }

    #[inline(never)]
    fn holds_none(number: u64) -> u64 {
        std::hint::black_box(number + 1)
    }

    /// Certainly all of a function of this test, and perhaps some of its neighbours.
    fn range_of(address: usize) -> Range<u64> {
        address as u64..address as u64 + 512
    }

    #[test]
    fn a_frame_of_this_very_process_is_found_by_thread() {
        // An own process may look at itself, so no child is needed.
        let (started, is_started) = channel();
        let (end, ends) = channel();
        let address = holds_a_frame as *const () as usize;
        let other = holds_none as *const () as usize;
        assert_eq!(holds_none(1), 2);
        let thread = std::thread::Builder::new()
            .name("holder".to_owned())
            .spawn(move || holds_a_frame(&started, &ends))
            .expect("it starts");
        is_started.recv().expect("it has a frame");
        let ranges = [
            (range_of(address), "holds_a_frame".to_owned()),
            (range_of(other), "holds_none".to_owned()),
        ];
        let deadline = Instant::now() + Duration::from_secs(10);
        let is_wanted = |found: &StillRunning| {
            found.function == "holds_a_frame"
                && found.thread == "holder"
                && found.certain
                && !found.places.is_empty()
        };
        loop {
            // Until the thread waits, it may be seen as busy.
            let found = still_running(std::process::id(), &ranges).expect("it can be looked at");
            if found.iter().any(is_wanted) {
                break;
            }
            assert!(Instant::now() < deadline, "{found:?}");
        }
        drop(end);
        thread.join().expect("it ends");
        let found = still_running(std::process::id(), &ranges).expect("it can be looked at");
        assert!(
            !found.iter().any(|frame| frame.thread == "holder"),
            "{found:?}"
        );
    }

    #[test]
    fn a_process_that_is_gone_is_an_error() {
        let error = still_running(u32::MAX, &[(0..1, String::new())]).expect_err("there is none");
        assert!(format!("{error:#}").contains("is gone"), "{error:#}");
    }
}
