//! What can go wrong, on either side.

use super::*;

#[test]
fn a_program_started_without_a_session_holds_no_thread_and_no_connection() {
    let program = Program::plain();
    let mut running = Running::start(&program.path, None);
    assert_eq!(running.ask("threads"), "1");
    assert_eq!(running.ask("sockets"), "0");
    assert_eq!(running.ask("step"), "1");
    assert!(running.ask("backtrace").contains("through_body"));
    let maps = fs::read_to_string(format!("/proc/{}/maps", running.child.id())).unwrap();
    let reserves = |line: &str| {
        let (start, rest) = line.split_once('-').unwrap();
        let end = rest.split_once(' ').unwrap().0;
        let [start, end] = [start, end].map(|number| u64::from_str_radix(number, 16).unwrap());
        end - start >= 128 << 20
    };
    assert!(!maps.lines().any(reserves), "an arena:\n{maps}");
}

#[test]
fn a_variable_that_makes_no_sense_is_removed_and_the_program_runs_on() {
    let program = Program::plain();
    let nobody_listens = format!("{}:12:/nonexistent/tmp", "0".repeat(64));
    for value in ["", "x", "zz:1:a/b", &nobody_listens, &"f".repeat(100_000)] {
        let mut child = Command::new(&program.path)
            .env(protocol::ENVIRONMENT_VARIABLE, value)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(b"variable\nthreads\nstep\n")
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "ready\nNone\n1\n1\n",
            "{value}"
        );
    }
}

#[test]
fn what_the_stub_cannot_do_it_refuses_and_leaves_the_program_as_it_was() {
    let program = Program::plain();
    let (_directory, listener, mut running, mut stub, thunks) = ready(&program);
    let window = stub.window(3);
    let maps = || fs::read_to_string(format!("/proc/{}/maps", running.child.id())).unwrap();
    let before = maps();

    // A second region, and regions that are not code, or not whole pages.
    assert_eq!(
        refusal(stub.configure(thunks.region.clone())),
        own(Step::AlreadyConfigured)
    );

    // Patches.
    let file = listener_file(&stub, "file");
    fs::write(&file, vec![0x90; 2 * 4096]).unwrap();
    let good = PatchSegment {
        file_offset: 0,
        address: window.start,
        file_bytes: 4096,
        memory_bytes: 4096,
        protection: Protection::ReadExecute,
    };
    let mut map = |path: &Path, segments: &[PatchSegment]| {
        refusal(stub.map_patch(&MapPatch {
            path: path.to_path_buf(),
            segments: segments.to_vec(),
        }))
    };
    assert_eq!(map(&file, &[]), own(Step::NoSegments));
    assert_eq!(
        map(
            &file,
            &[PatchSegment {
                address: RunAddr(window.start.0 + 1),
                ..good
            }]
        ),
        own(Step::BadSegment)
    );
    assert_eq!(
        map(
            &file,
            &[PatchSegment {
                address: thunks.region.start,
                ..good
            }]
        ),
        own(Step::OutsideArena)
    );
    assert_eq!(map(&file, &[good, good]), own(Step::Overlap));
    let behind_the_end = PatchSegment {
        file_offset: 4096,
        file_bytes: 4097,
        memory_bytes: 4097,
        ..good
    };
    assert_eq!(map(&file, &[behind_the_end]), own(Step::FileLength));
    let missing = file.with_file_name("missing");
    assert_eq!(
        map(&missing, &[good]),
        Refusal {
            step: Step::Open,
            errno: 2
        }
    );
    // The first segment can be mapped, the second cannot (a directory has no contents): nothing of it stays.
    assert_eq!(
        map(
            file.parent().unwrap(),
            &[PatchSegment {
                file_bytes: 1,
                memory_bytes: 1,
                ..good
            }]
        )
        .step,
        Step::Map
    );
    assert_eq!(maps(), before);

    // Unwind tables where no patch is.
    assert_eq!(
        refusal(stub.register_unwind(window.start)),
        own(Step::NotMapped)
    );

    // A copy of the wrong length, none at all, and one that comes too late.
    assert_eq!(refusal(stub.publish(&file)), own(Step::FileLength));
    assert_eq!(
        refusal(stub.publish(&missing)),
        Refusal {
            step: Step::Open,
            errno: 2
        }
    );
    let copy = listener_file(&stub, "copy");
    fs::write(&copy, &thunks.bytes).unwrap();
    assert_eq!(maps(), before);

    // The same segment is accepted once.
    stub.map_patch(&MapPatch {
        path: file.clone(),
        segments: vec![good],
    })
    .unwrap();
    assert_eq!(
        refusal(stub.map_patch(&MapPatch {
            path: file.clone(),
            segments: vec![good]
        })),
        own(Step::WindowTaken)
    );
    stub.publish(&copy).unwrap();
    assert_eq!(running.ask("step"), "1");
    assert_eq!(listener.take_refused(), []);
}

#[test]
fn a_fork_leaves_the_parent_its_session_and_the_child_none() {
    let program = Program::plain();
    let (_directory, _listener, mut running, mut stub, thunks) = ready(&program);
    let targets = program.map_patch(&mut stub, 0);
    let copy = listener_file(&stub, "copy");
    thunks.write(&copy, targets);
    stub.publish(&copy).unwrap();
    assert_eq!(running.ask("sockets"), "1");
    assert_eq!(
        running.ask("fork"),
        "100",
        "the child runs the patch and has no socket"
    );
    stub.ping().unwrap();
    assert_eq!(running.ask("step"), "100");
}

fn assert_gone(stub: &mut Stub) {
    let begun = Instant::now();
    let error = stub.ping().unwrap_err();
    assert_eq!(error.reason.code, codes::NOT_CONNECTED.id, "{error}");
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "noticed, not timed out"
    );
    assert!(!stub.is_connected());
}

#[test]
fn a_program_that_closes_all_files_runs_on_and_the_tool_notices() {
    let program = Program::plain();
    let (_directory, _listener, mut running, mut stub, _thunks) = ready(&program);
    assert_eq!(running.ask("close"), "closed");
    // The agent waits in the kernel on the socket that it had: it wakes with this message and finds its socket gone.
    assert_gone(&mut stub);
    assert_eq!(running.ask("step"), "1");
    assert_eq!(running.ask("threads"), "1");
}

#[test]
fn a_descriptor_that_the_program_has_taken_over_is_neither_written_to_nor_closed() {
    let program = Program::plain();
    let (_directory, _listener, mut running, mut stub, _thunks) = ready(&program);
    assert_eq!(running.ask("reuse"), "true");
    assert_gone(&mut stub);
    let files = || {
        fs::read_dir(format!("/proc/{}/fd", running.child.id()))
            .unwrap()
            .count()
    };
    let count = files();
    assert_eq!(running.ask("step"), "1");
    assert_eq!(running.ask("fork"), "2");
    assert_eq!(
        fs::read_dir(format!("/proc/{}/fd", running.child.id()))
            .unwrap()
            .count(),
        count
    );
}

#[test]
fn a_program_that_executes_itself_runs_on_without_a_session() {
    let program = Program::plain();
    let (_directory, _listener, mut running, mut stub, _thunks) = ready(&program);
    assert_eq!(running.ask("step"), "1");
    assert_eq!(running.ask("exec"), "ready");
    assert_gone(&mut stub);
    assert_eq!(running.ask("step"), "1", "a new program, with new state");
    assert_eq!(running.ask("threads"), "1");
}

#[test]
fn a_program_that_ends_is_noticed() {
    let program = Program::plain();
    let (_directory, listener, mut running, mut stub, _thunks) = ready(&program);
    assert!(stub.is_connected());
    writeln!(running.stdin, "quit").unwrap();
    running.child.wait().unwrap();
    assert!(!stub.is_connected());
    assert_gone(&mut stub);
    let error = listener
        .accept(running.child.id(), Instant::now() + DEADLINE, &|| false)
        .unwrap_err();
    assert_eq!(error.reason.code, codes::NOT_CONNECTED.id);
}

/// The signal is delivered to one thread, which then stops the others.
fn wait_until_stopped(pid: u32) {
    let deadline = Instant::now() + DEADLINE;
    let stopped = |task: std::io::Result<fs::DirEntry>| {
        let status = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        status.contains("State:\tT")
    };
    while !fs::read_dir(format!("/proc/{pid}/task"))
        .unwrap()
        .all(stopped)
    {
        assert!(Instant::now() < deadline, "process {pid} does not stop");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_stopped_program_times_out_and_a_publication_does_not_happen_afterwards() {
    let program = Program::plain();
    let (_directory, _listener, mut running, mut stub, thunks) = ready(&program);
    let targets = program.map_patch(&mut stub, 0);
    let copy = listener_file(&stub, "copy");
    thunks.write(&copy, targets);
    let signal = |signal: &str| {
        run(Command::new("kill")
            .arg(signal)
            .arg(running.child.id().to_string()));
    };
    signal("-STOP");
    wait_until_stopped(running.child.id());
    stub.set_patience(Duration::from_millis(300));
    for _ in 0..2 {
        let error = stub.publish(&copy).unwrap_err();
        assert_eq!(error.reason.code, codes::STUB_TIMEOUT.id, "{error}");
    }
    assert!(stub.is_connected());
    signal("-CONT");
    stub.set_patience(PATIENCE);
    stub.ping().unwrap();
    let expired = LateAnswer {
        kind: RequestKind::Publish,
        result: Err(ClientError::refused(
            RequestKind::Publish,
            own(Step::Expired),
        )),
    };
    assert_eq!(stub.late_answers(), [expired.clone(), expired]);
    assert_eq!(
        running.ask("step"),
        "1",
        "what was reported as failed does not happen later"
    );
    stub.publish(&copy).unwrap();
    assert_eq!(running.ask("step"), "101");
}

#[test]
fn a_limit_on_address_space_gets_a_smaller_arena_or_none() {
    let program = Program::plain();
    for (limit, expected) in [(700_u64, Some(512)), (200, Some(128)), (100, None)] {
        let (_directory, listener) = session();
        let (name, value) = listener.environment();
        let script = format!("ulimit -v {}; exec \"$0\"", limit * 1024);
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .arg(&program.path)
            .env(name, value)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answer = listener.accept(child.id(), Instant::now() + Duration::from_secs(1), &|| {
            true
        });
        match expected {
            Some(mebibytes) => {
                let arena = answer.unwrap().hello().arena.clone();
                assert_eq!(arena.end.0 - arena.start.0, mebibytes << 20);
            }
            None => assert!(answer.is_err()),
        }
        child.stdin.take().unwrap().write_all(b"step\n").unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "ready\n1\n");
    }
}

/// Listens as a tool would, takes the greeting of a program, and says what the test wants instead of the truth.
fn with_a_hostile_tool(
    program: &Program,
    welcome: &[u8],
    talk: impl FnOnce(&mut std::os::unix::net::UnixStream),
) {
    use std::io::Read;
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("s");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let path = socket.to_str().unwrap();
    let value = format!(
        "{}:{}:{path}{}",
        "ab".repeat(32),
        path.len(),
        directory.path().display()
    );
    let mut child = Command::new(&program.path)
        .env(protocol::ENVIRONMENT_VARIABLE, value)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut greeting = [0; protocol::Prelude::BYTES + protocol::Hello::BYTES];
    stream.read_exact(&mut greeting).unwrap();
    let hello = protocol::Hello::decode(&greeting[protocol::Prelude::BYTES..]).unwrap();
    assert_eq!((hello.token, hello.pid), ([0xab; 32], child.id()));
    stream.write_all(welcome).unwrap();
    talk(&mut stream);
    drop(stream);
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"step\nbacktrace\n")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("ready\n1\n0: "));
}

#[test]
fn whatever_the_other_end_says_the_program_lives() {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use protocol::{Answer, FrameHeader, Prelude, VERSION, Welcome, Writer};
    let program = Program::plain();
    let mut accepted = [0; Prelude::BYTES + Welcome::BYTES];
    Welcome::Accepted.encode(&mut Writer::new(&mut accepted));
    let mut refused = accepted;
    Welcome::Refused.encode(&mut Writer::new(&mut refused));
    let mut other_version = accepted;
    Prelude {
        version: VERSION + 1,
        length: 4,
    }
    .encode(&mut Writer::new(&mut other_version));
    let mut other_protocol = accepted;
    other_protocol[0] = b'h';
    let send = |stream: &mut UnixStream, kind: u32, length: u32, body: &[u8]| {
        let mut header = [0; FrameHeader::BYTES];
        FrameHeader {
            length,
            sequence: 5,
            kind,
        }
        .encode(&mut Writer::new(&mut header));
        stream.write_all(&header).unwrap();
        stream.write_all(body).unwrap();
    };
    let refusal_of = |stream: &mut UnixStream| {
        let mut frame = [0; FrameHeader::BYTES + 8];
        stream.read_exact(&mut frame).unwrap();
        let header = FrameHeader::decode(frame.first_chunk().unwrap()).unwrap();
        assert_eq!(header.sequence, 5);
        match Answer::decode(header.kind, &frame[FrameHeader::BYTES..]) {
            Ok(Answer::Refused { step, errno: 0 }) => step,
            other => panic!("{other:?}"),
        }
    };
    let is_closed = |stream: &mut UnixStream| matches!(stream.read(&mut [0]), Ok(0) | Err(_));
    for welcome in [&refused[..], &other_version, &other_protocol] {
        with_a_hostile_tool(&program, welcome, |stream| assert!(is_closed(stream)));
    }
    // What can be refused is refused, and the conversation goes on; what can't be is its end.
    with_a_hostile_tool(&program, &accepted, |stream| {
        for kind in [0, 7, u32::MAX] {
            send(stream, kind, 3, b"abc");
            assert_eq!(refusal_of(stream), Step::UnknownKind);
        }
        let malformed: [(u32, &[u8]); 6] = [
            (1, b"x"),
            (2, b"short"),
            (3, &[0xff; 300]),
            (4, b""),
            (5, &[0; 30]),
            (6, b"\x01\0\0\0\0"),
        ];
        for (kind, body) in malformed {
            send(stream, kind, u32::try_from(body.len()).unwrap(), body);
            assert_eq!(refusal_of(stream), Step::Malformed, "kind {kind}");
        }
        // Sound in form: a region and unwind tables anywhere.
        send(stream, 2, 16, &[0; 16]);
        assert_eq!(refusal_of(stream), Step::BadRegion);
        send(stream, 4, 8, &[0x11; 8]);
        assert_eq!(refusal_of(stream), Step::NotMapped);
        send(stream, 1, u32::MAX, b"");
        assert!(is_closed(stream));
    });
    with_a_hostile_tool(&program, &accepted, |stream| {
        send(stream, 3, 5000, b"cut sho");
    });
    with_a_hostile_tool(&program, &accepted[..7], |_| ());
    with_a_hostile_tool(&program, b"", |_| ());
}
