//! The stub in real programs: linked in, started, patched, and treated badly.
#![allow(clippy::unwrap_used, reason = "a failure is the test's failure")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::time::{Duration, Instant};

use object::{Object, ObjectSection, ObjectSegment, ObjectSymbol, SegmentFlags};

use super::*;
use crate::object::address::LinkAddr;
use crate::stub_object;

const DEADLINE: Duration = Duration::from_secs(20);
const PAGE: u64 = protocol::PAGE;

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{said}",
        output.status
    );
}

/// A program with the stub in it.
struct Program {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl Program {
    /// The program as rustc links it by default; built once for all tests that run together.
    fn plain() -> Arc<Self> {
        static SHARED: Mutex<Weak<Program>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let program = Arc::new(Self::build(&[]));
            *shared = Arc::downgrade(&program);
            program
        })
    }

    fn build(flags: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let stub = directory.path().join("stub.o");
        fs::write(&stub, stub_object::STUB_OBJECT).unwrap();
        let source = directory.path().join("program.rs");
        fs::write(&source, include_str!("program.rs")).unwrap();
        let path = directory.path().join("program");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        run(Command::new(rustc)
            .arg(&source)
            .args(["--edition=2024", "-Cdebuginfo=2", "-Awarnings", "-o"])
            .arg(&path)
            .arg(format!("-Clink-arg={}", stub.display()))
            .arg(format!("-Clink-arg=-Wl,-u,{}", stub_object::ROOT_SYMBOL))
            .arg(format!("-Clink-arg=-Wl,{}", stub_object::WRAP_ARGUMENT))
            .args(flags));
        Self {
            _directory: directory,
            path,
        }
    }

    /// Links `patch.c` to be loaded at 0 and maps it as the patch of `window`. Returns where its functions are.
    fn map_patch(&self, stub: &mut Stub, window: u64) -> [RunAddr; 2] {
        self.map_patch_with(stub, window, &[])
    }

    fn map_patch_with(&self, stub: &mut Stub, window: u64, flags: &[&str]) -> [RunAddr; 2] {
        let directory = tempfile::tempdir().unwrap();
        let source = directory.path().join("patch.c");
        fs::write(&source, include_str!("patch.c")).unwrap();
        let end = directory.path().join("end.s");
        fs::write(&end, ".section .eh_frame,\"a\",@progbits\n.long 0\n").unwrap();
        let path = stub.patch_file(window);
        run(Command::new("cc")
            .args([
                "-g",
                "-O0",
                "-fPIC",
                "-fasynchronous-unwind-tables",
                "-shared",
                "-nostdlib",
            ])
            .args([
                "-Wl,--build-id=none",
                "-Wl,-z,separate-code",
                "-Wl,-z,max-page-size=4096",
            ])
            .args(flags)
            .arg(&source)
            .arg(&end)
            .arg("-o")
            .arg(&path));
        let bytes = fs::read(&path).unwrap();
        let file = object::File::parse(&*bytes).unwrap();
        let start = stub.window(window).start;
        let segments = file
            .segments()
            .map(|segment| {
                let before = segment.address() % PAGE;
                let SegmentFlags::Elf { p_flags, .. } = segment.flags() else {
                    panic!("not ELF")
                };
                let (offset, length) = segment.file_range();
                PatchSegment {
                    file_offset: offset - before,
                    address: start.offset(segment.address() - before),
                    file_bytes: length + before,
                    memory_bytes: segment.size() + before,
                    protection: match p_flags.0 & 3 {
                        0 => Protection::Read,
                        1 => Protection::ReadExecute,
                        2 => Protection::ReadWrite,
                        _ => panic!("writable code"),
                    },
                }
            })
            .collect();
        stub.map_patch(&MapPatch { path, segments }).unwrap();
        let eh_frame = file.section_by_name(".eh_frame").unwrap().address();
        assert_eq!(
            stub.register_unwind(start.offset(eh_frame)),
            Ok(Unwinding::Registered)
        );
        ["step_patched", "through_patched"].map(|name| start.offset(symbol(&bytes, name).0))
    }
}

fn symbol(bytes: &[u8], name: &str) -> LinkAddr {
    let file = object::File::parse(bytes).unwrap();
    let found = file.symbols().find(|symbol| symbol.name() == Ok(name));
    LinkAddr(
        found
            .unwrap_or_else(|| panic!("no symbol {name}"))
            .address(),
    )
}

/// Any window, not only the next free one.
trait AnyWindow {
    fn window(&self, index: u64) -> Range<RunAddr>;
}

impl AnyWindow for Stub {
    fn window(&self, index: u64) -> Range<RunAddr> {
        let arena = &self.hello().arena;
        let window = protocol::window(arena.end.0 - arena.start.0, index).unwrap();
        arena.start.offset(window.start)..arena.start.offset(window.end)
    }
}

/// The jump table of a program that runs.
struct Thunks {
    region: Range<RunAddr>,
    bytes: Vec<u8>,
    slots: [RunAddr; 2],
}

impl Thunks {
    fn of(program: &Path, bias: LoadBias) -> Self {
        let bytes = fs::read(program).unwrap();
        let region = ["hotpatch_thunks_start", "hotpatch_thunks_end"]
            .map(|name| symbol(&bytes, name).run(bias));
        let slots = ["step", "through"].map(|name| symbol(&bytes, name));
        let file = object::File::parse(&*bytes).unwrap();
        let length = region[1].0 - region[0].0;
        // The region may have been merged into another section.
        let contents = file
            .sections()
            .find_map(|section| {
                section
                    .data_range(region[0].link(bias).0, length)
                    .ok()
                    .flatten()
            })
            .unwrap();
        Self {
            region: region[0]..region[1],
            bytes: contents.to_vec(),
            slots: slots.map(|slot| slot.run(bias)),
        }
    }

    /// A prepared copy in which the slots lead to `targets`.
    fn write(&self, path: &Path, targets: [RunAddr; 2]) {
        let mut bytes = self.bytes.clone();
        for (slot, target) in self.slots.into_iter().zip(targets) {
            let at = usize::try_from(slot.0 - self.region.start.0).unwrap();
            assert_eq!(bytes[at], 0xe9, "slot {slot} does not hold a jmp");
            let displacement =
                i32::try_from(target.0.wrapping_sub(slot.0 + 5).cast_signed()).unwrap();
            bytes[at + 1..at + 5].copy_from_slice(&displacement.to_le_bytes());
        }
        fs::write(path, bytes).unwrap();
    }
}

/// A program that runs; killed when it is dropped.
struct Running {
    child: Child,
    stdin: ChildStdin,
    lines: mpsc::Receiver<String>,
}

impl Running {
    fn start(program: &Path, listener: Option<&Listener>) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(listener) = listener {
            let (name, value) = listener.environment();
            command.env(name, value);
        }
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let running = Self {
            child,
            stdin,
            lines,
        };
        assert_eq!(running.line(), "ready");
        running
    }

    fn line(&self) -> String {
        self.lines
            .recv_timeout(DEADLINE)
            .expect("a line from the program")
    }

    fn ask(&mut self, question: &str) -> String {
        writeln!(self.stdin, "{question}").unwrap();
        self.line()
    }

    fn connect(&self, listener: &Listener) -> Stub {
        let stub = listener
            .accept(self.child.id(), Instant::now() + DEADLINE, &|| true)
            .unwrap();
        assert_eq!(listener.take_refused(), []);
        stub
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn session() -> (tempfile::TempDir, Listener) {
    let directory = tempfile::tempdir().unwrap();
    let listener = Listener::bind(&directory.path().join("session")).unwrap();
    (directory, listener)
}

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

fn listener_file(stub: &Stub, name: &str) -> PathBuf {
    stub.patch_file(0).with_file_name(name)
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

/// A program that is ready to be patched, and its session.
fn ready(program: &Program) -> (tempfile::TempDir, Listener, Running, Stub, Thunks) {
    let (directory, listener) = session();
    let running = Running::start(&program.path, Some(&listener));
    let mut stub = running.connect(&listener);
    let thunks = Thunks::of(&program.path, stub.hello().load_bias);
    stub.configure(thunks.region.clone()).unwrap();
    (directory, listener, running, stub, thunks)
}

fn refusal<T: std::fmt::Debug>(result: Result<T, ClientError>) -> Refusal {
    let error = result.unwrap_err();
    assert_eq!(error.reason.code, codes::STUB_REFUSED.id, "{error}");
    error
        .refusal
        .unwrap_or_else(|| panic!("the stub was not asked: {error}"))
}

fn own(step: Step) -> Refusal {
    Refusal { step, errno: 0 }
}

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
    let maps = || fs::read_to_string(format!("/proc/{}/maps", stub_pid(&running))).unwrap();
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

fn stub_pid(running: &Running) -> u32 {
    running.child.id()
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
            .arg(running.child.id().to_string()))
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
        send(stream, 3, 5000, b"cut sho")
    });
    with_a_hostile_tool(&program, &accepted[..7], |_| ());
    with_a_hostile_tool(&program, b"", |_| ());
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
