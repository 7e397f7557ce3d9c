//! Frames of this very process, which may look at itself.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use super::calls::{LONGEST_CALL, ends_with_call};
use super::*;

fn still_running(pid: u32, ranges: &[(Range<u64>, String)]) -> Result<Vec<StillRunning>> {
    Ok(Stacks::of(pid).look()?.still_running(ranges))
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

/// Looks until `holds` says that the thread was caught as wanted.
fn look_until(
    ranges: &[(Range<u64>, String)],
    pid: u32,
    holds: impl Fn(&[StillRunning]) -> bool,
) -> Vec<StillRunning> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let found = still_running(pid, ranges).expect("it can be looked at");
        if holds(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "{found:?}");
    }
}

/// Its whole code, by this program's own unwind tables, without its neighbours.
fn code_of(address: usize) -> Range<u64> {
    let pid = std::process::id();
    let maps = Maps::of(pid).expect("its maps");
    Tables::of(pid)
        .code_at(&maps, address as u64)
        .expect("it has an entry")
}

#[inline(never)]
fn has_returned(words: &mut [u64; 64]) {
    // The return address into `calls_before_it_waits` is put where a live frame has a hole.
    let address = calls_before_it_waits as *const () as usize;
    let code = code_of(address);
    let bytes = read_bytes(
        std::process::id(),
        code.start,
        usize::try_from(code.end - code.start).expect("small"),
    )
    .expect("its code");
    let behind_call = (LONGEST_CALL..bytes.len())
        .find(|end| {
            let mut before = [0; LONGEST_CALL];
            before.copy_from_slice(&bytes[end - LONGEST_CALL..*end]);
            ends_with_call(&before)
        })
        .expect("it calls");
    words.fill(code.start + behind_call as u64);
}

#[inline(never)]
fn calls_before_it_waits(words: &mut [u64; 64]) {
    has_returned(words);
    std::hint::black_box(words);
}

#[inline(never)]
fn waits_with_stale_words(started: &Sender<()>, end: &Receiver<()>) {
    let mut words = [0; 64];
    calls_before_it_waits(&mut words);
    holds_a_frame(started, end);
    std::hint::black_box(&words);
}

#[test]
fn a_stale_return_address_is_no_frame() {
    let (started, is_started) = channel();
    let (end, ends) = channel();
    let ranges = [
        (
            code_of(calls_before_it_waits as *const () as usize),
            "calls_before_it_waits".to_owned(),
        ),
        (
            code_of(waits_with_stale_words as *const () as usize),
            "waits_with_stale_words".to_owned(),
        ),
    ];
    let thread = std::thread::Builder::new()
        .name("stale".to_owned())
        .spawn(move || waits_with_stale_words(&started, &ends))
        .expect("it starts");
    is_started.recv().expect("it has its frames");
    let of_thread = |found: &[StillRunning]| -> Vec<(String, bool)> {
        found
            .iter()
            .filter(|frame| frame.thread == "stale")
            .map(|frame| (frame.function.clone(), frame.certain))
            .collect()
    };
    let pid = std::process::id();
    let found = look_until(&ranges, pid, |found| !of_thread(found).is_empty());
    assert_eq!(
        of_thread(&found),
        [("waits_with_stale_words".to_owned(), true)]
    );
    // The words are there, and a search would take them for a frame.
    let maps = Maps::of(pid).expect("its maps");
    let task = threads::all(pid)
        .expect("its threads")
        .into_iter()
        .find(|thread| thread.name == "stale")
        .expect("it lives");
    let Doing::Waits(waiting) = threads::doing(pid, task.id) else {
        panic!("it waits");
    };
    let begin = waiting.stack_pointer & !7;
    let outer = maps.at(begin).expect("its stack").range.end;
    let words = read_words(pid, begin..outer).expect("readable");
    let searched = Look {
        process: pid,
        stacks: vec![Stack {
            thread: "stale".to_owned(),
            frames: BTreeSet::new(),
            words: leading_into_code(&maps, &words),
        }],
        is_whole: true,
    };
    let searched = searched.still_running(&ranges);
    assert_eq!(
        of_thread(&searched),
        [
            ("calls_before_it_waits".to_owned(), false),
            ("waits_with_stale_words".to_owned(), false)
        ]
    );
    drop(end);
    thread.join().expect("it ends");
}

#[inline(never)]
fn goes_deep(left: u32, at_the_end: &dyn Fn()) -> u64 {
    if left == 0 {
        at_the_end();
        return 0;
    }
    std::hint::black_box(goes_deep(left - 1, at_the_end)) + 1
}

#[inline(never)]
fn calls_what_goes_deep(at_the_end: &dyn Fn()) -> u64 {
    std::hint::black_box(goes_deep(10_000, at_the_end))
}

#[test]
fn the_outermost_function_of_a_deep_recursion_is_found() {
    let (started, is_started) = channel();
    let (end, ends) = channel();
    let ranges = [
        (
            code_of(calls_what_goes_deep as *const () as usize),
            "outermost".to_owned(),
        ),
        (code_of(goes_deep as *const () as usize), "level".to_owned()),
    ];
    let thread = std::thread::Builder::new()
        .name("deep".to_owned())
        .stack_size(64 << 20)
        .spawn(move || {
            calls_what_goes_deep(&|| holds_a_frame(&started, &ends));
        })
        .expect("it starts");
    is_started.recv().expect("it is deep");
    let begun = Instant::now();
    let found = look_until(&ranges, std::process::id(), |found| {
        found.iter().filter(|frame| frame.thread == "deep").count() == 2
    });
    eprintln!("10,000 frames: {:?}", begun.elapsed());
    assert!(
        found
            .iter()
            .filter(|frame| frame.thread == "deep")
            .all(|frame| frame.certain),
        "{found:?}"
    );
    drop(end);
    thread.join().expect("it ends");
}

#[test]
fn a_process_that_is_gone_is_an_error() {
    let error = still_running(u32::MAX, &[(0..1, String::new())]).expect_err("there is none");
    assert!(format!("{error:#}").contains("is gone"), "{error:#}");
}
