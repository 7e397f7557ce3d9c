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

mod patching;
mod trouble;

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

fn listener_file(stub: &Stub, name: &str) -> PathBuf {
    stub.patch_file(0).with_file_name(name)
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
