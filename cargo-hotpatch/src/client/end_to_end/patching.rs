//! What a patch does to a program that goes well.

use super::*;

/// Patches a running program, takes the patch back, and looks at what the program sees of it.
fn patch_and_undo(flags: &[&str]) {
    let program = Program::build(flags);
    let (_directory, listener) = session();
    let mut running = Running::start(&program.path, Some(&listener));
    let mut stub = running.connect(&listener);
    let hello = stub.hello().clone();
    assert_eq!(running.ask("variable"), "None");
    assert_eq!(running.ask("threads"), "2");
    assert_eq!(
        running.ask("signals"),
        "cargo-hotpatch=fffffffe7ffbfeff program=0000000000000000"
    );
    stub.ping().unwrap();

    // The arena is within reach of all of the image.
    let bytes = fs::read(&program.path).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    for segment in file.segments() {
        let at = LinkAddr(segment.address()).run(hello.load_bias);
        for edge in [at, at.offset(segment.size())] {
            for end in [hello.arena.start, hello.arena.end] {
                assert!(
                    i32::try_from(end.0.wrapping_sub(edge.0).cast_signed()).is_ok(),
                    "{edge} {hello:?}"
                );
            }
        }
    }

    let thunks = Thunks::of(&program.path, hello.load_bias);
    stub.configure(thunks.region.clone()).unwrap();
    assert_eq!(running.ask("step"), "1");
    let first = running.ask("backtrace");
    assert!(
        first.contains("through_body") && first.contains("program.rs:"),
        "{first}"
    );

    // The first backtrace was before this patch.
    let targets = program.map_patch(&mut stub, 7);
    assert_eq!(running.ask("step"), "2", "mapped is not published");
    let prepared = listener_file(&stub, "1.thunks");
    thunks.write(&prepared, targets);
    stub.publish(&prepared).unwrap();
    assert_eq!(running.ask("step"), "102", "new code, old state");
    let second = running.ask("backtrace");
    assert!(
        second.contains("through_patched") && second.contains("patch.c:8"),
        "{second}"
    );
    assert!(second.contains("program::main"), "{second}");
    if !flags.contains(&"-Cpanic=abort") {
        assert_eq!(running.ask("panic"), "dropped Err(\"from below\")");
    }

    let undone = listener_file(&stub, "2.thunks");
    fs::write(&undone, &thunks.bytes).unwrap();
    stub.publish(&undone).unwrap();
    fs::remove_file(&undone).unwrap();
    assert_eq!(running.ask("step"), "103");
    assert!(stub.is_connected());
    assert_eq!(stub.late_answers(), []);
}

#[test]
fn a_position_independent_program_is_patched() {
    patch_and_undo(&[]);
}

#[test]
fn a_program_linked_by_gnu_ld_is_patched() {
    patch_and_undo(&["-Clink-arg=-fuse-ld=bfd", "-Clink-self-contained=-linker"]);
}

#[test]
fn a_program_at_a_fixed_low_address_is_patched() {
    patch_and_undo(&["-Crelocation-model=static"]);
}

#[test]
fn a_program_that_aborts_on_panic_is_patched() {
    patch_and_undo(&["-Cpanic=abort"]);
}

#[test]
fn an_optimised_program_is_patched() {
    patch_and_undo(&["-Copt-level=3"]);
}

#[test]
fn a_static_program_is_patched() {
    patch_and_undo(&["-Ctarget-feature=+crt-static", "-Crelocation-model=static"]);
}

#[test]
fn a_writable_segment_has_the_files_bytes_and_zeros_behind_them() {
    let program = Program::plain();
    let (_directory, _listener, running, mut stub, _thunks) = ready(&program);
    let window = stub.window(0);
    let path = stub.patch_file(0);
    fs::write(&path, vec![0xaa; 3 * 4096]).unwrap();
    let segment = PatchSegment {
        file_offset: 4096,
        address: window.start,
        file_bytes: 10,
        memory_bytes: 2 * 4096 + 1,
        protection: Protection::ReadWrite,
    };
    stub.map_patch(&MapPatch {
        path,
        segments: vec![segment],
    })
    .unwrap();
    let mut expected = vec![0; 3 * 4096];
    expected[..10].fill(0xaa);
    use std::os::unix::fs::FileExt;
    let memory = fs::File::open(format!("/proc/{}/mem", running.child.id())).unwrap();
    let mut found = vec![1; 3 * 4096];
    memory.read_exact_at(&mut found, window.start.0).unwrap();
    assert!(found == expected);
}

#[test]
fn dynamic_symbols_are_found_however_many_are_asked_for() {
    let program = Program::plain();
    let (_directory, _listener, _running, mut stub, _thunks) = ready(&program);
    let long = "x".repeat(3000);
    let mut names = vec!["malloc", "no_such_symbol_anywhere", "getpid"];
    names.resize(5000, long.as_str());
    names.push("free");
    let found = stub.look_up(&names).unwrap();
    assert_eq!(found.len(), 5001);
    assert!(found[0].is_some() && found[2].is_some() && found[5000].is_some());
    assert_eq!(found[1], None);
    assert!(found[3..5000].iter().all(Option::is_none));
    assert_eq!(stub.look_up(&[]), Ok(vec![]));
    assert!(stub.look_up(&["a\0b"]).is_err() && stub.look_up(&[""]).is_err());
    stub.ping().unwrap();
}

#[test]
fn a_long_path_of_the_session_still_connects_and_names_the_patches() {
    let program = Program::plain();
    let directory = tempfile::tempdir().unwrap();
    let deep = directory
        .path()
        .join("a: \u{fc}".repeat(30))
        .join("b".repeat(200));
    let listener = Listener::bind(&deep).unwrap();
    let mut running = Running::start(&program.path, Some(&listener));
    let mut stub = running.connect(&listener);
    let thunks = Thunks::of(&program.path, stub.hello().load_bias);
    stub.configure(thunks.region.clone()).unwrap();
    running.ask("backtrace");
    let targets = program.map_patch(&mut stub, 783);
    let copy = listener_file(&stub, "copy");
    thunks.write(&copy, targets);
    stub.publish(&copy).unwrap();
    let trace = running.ask("backtrace");
    assert!(trace.contains("patch.c:8"), "{trace}");
}

#[test]
fn a_patch_larger_than_a_small_window_is_found_in_backtraces() {
    let program = Program::plain();
    let (_directory, _listener, mut running, mut stub, thunks) = ready(&program);
    running.ask("backtrace");
    let large = stub.take_window(protocol::WINDOW_BYTES + 1).unwrap();
    assert_eq!(large.bytes, protocol::LARGE_WINDOW_BYTES);
    // As if a lot stood before the functions: they are shifted in the file and in memory alike.
    let shifted = ["-fuse-ld=bfd", "-Wl,-Ttext-segment=0x900000"];
    let targets = program.map_patch_with(&mut stub, 768, &shifted);
    assert!(
        targets
            .iter()
            .all(|target| target.0 - large.start.0 > 8 << 20)
    );
    let copy = listener_file(&stub, "copy");
    thunks.write(&copy, targets);
    stub.publish(&copy).unwrap();
    let trace = running.ask("backtrace");
    assert!(
        trace.contains("through_patched") && trace.contains("patch.c:8"),
        "{trace}"
    );
    assert_eq!(running.ask("panic"), "dropped Err(\"from below\")");
}
