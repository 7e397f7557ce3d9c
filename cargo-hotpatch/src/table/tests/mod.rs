//! Real programs, compiled by rustc, rewritten, linked by each linker that is installed, and run.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::image::Image;
use super::policy::SlotPolicy;
use super::rewrite::rewrite;
use super::shim::{Link, provision};
use crate::capture::record::LinkRecord;

/// A directory with the compiled test program, ready to be linked in any way.
struct Built {
    directory: tempfile::TempDir,
    args: Vec<OsString>,
    stub: Vec<u8>,
}

fn run(command: &mut Command) {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    assert!(
        output.status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Compiles the program and its library, with a linker that only notes its arguments.
fn build(flags: &[&str]) -> Built {
    let directory = tempfile::Builder::new()
        .disable_cleanup(std::env::var_os("KEEP_TEMP_DIR").is_some())
        .tempdir()
        .expect("a directory");
    let path = |name: &str| directory.path().join(name);
    for (name, text) in [
        ("helper.rs", include_str!("helper.rs")),
        ("program.rs", include_str!("program.rs")),
        ("native.c", include_str!("native.c")),
        ("stub.c", include_str!("stub.c")),
    ] {
        std::fs::write(path(name), text).expect("a source file");
    }
    let script = path("note-arguments");
    std::fs::write(
        &script,
        format!(
            "#!/bin/sh\nprintf '%s\\0' \"$@\" > '{}'\n",
            path("args").display()
        ),
    )
    .expect("a script");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))
        .expect("it becomes executable");

    for source in ["native", "stub"] {
        run(Command::new("cc")
            .args(["-O1", "-fPIC", "-c", "-o"])
            .arg(path(&format!("{source}.o")))
            .arg(path(&format!("{source}.c"))));
    }
    run(Command::new("ar")
        .arg("crs")
        .arg(path("libnative.a"))
        .arg(path("native.o")));
    let rustc = |name: &str| {
        let mut command = Command::new("rustc");
        command
            .current_dir(directory.path())
            .args([
                "--edition=2024",
                "-Cdebuginfo=2",
                "-Csymbol-mangling-version=v0",
                "-Csave-temps",
                "-Ccodegen-units=4",
            ])
            .args([
                format!("-Cmetadata={name}"),
                "-Cextra-filename=-0001".to_owned(),
                "--crate-name".to_owned(),
                name.to_owned(),
            ])
            .args(flags)
            .arg(path(&format!("{name}.rs")));
        command
    };
    run(rustc("helper").arg("--crate-type=lib"));
    run(rustc("program")
        .arg(format!(
            "--extern=helper={}",
            path("libhelper-0001.rlib").display()
        ))
        .arg(format!("-Clinker={}", script.display()))
        .args(["-L", ".", "-lstatic=native"]));

    let opt_level = flags
        .iter()
        .find_map(|flag| flag.strip_prefix("-Copt-level="))
        .unwrap_or("0");
    std::fs::create_dir(path("units")).expect("a directory");
    for name in ["helper", "program"] {
        std::fs::write(
            path(&format!("units/{name}-0001.json")),
            format!("{{\"crate_name\":\"{name}\",\"opt_level\":\"{opt_level}\"}}"),
        )
        .expect("a record");
    }
    let args = std::fs::read(path("args")).expect("rustc called the linker");
    let args = args
        .split(|&byte| byte == 0)
        .filter(|arg| !arg.is_empty())
        .map(|arg| OsString::from_vec(arg.to_vec()));
    let args = args.map(|arg| {
        if arg == "-o" || arg.as_encoded_bytes()[0] == b'-' {
            arg
        } else {
            directory.path().join(arg).into_os_string()
        }
    });
    let args = args.collect();
    let stub = std::fs::read(path("stub.o")).expect("the stub");
    Built {
        directory,
        args,
        stub,
    }
}

impl Built {
    /// Links with one linker. `None` when it is not installed.
    fn link(&self, linker: &str) -> Option<(PathBuf, LinkRecord, Image)> {
        let mut args = self.args.clone();
        if linker != "default" {
            let name = if linker == "mold" {
                linker.to_owned()
            } else {
                format!("ld.{linker}")
            };
            if Command::new(&name)
                .arg("--version")
                .stdout(Stdio::null())
                .status()
                .is_err()
            {
                eprintln!("skipped: {name} is not installed");
                return None;
            }
            args.retain(|arg| {
                let arg = arg.to_string_lossy();
                !arg.starts_with("-fuse-ld") && !arg.starts_with("-B")
            });
            args.push(format!("-fuse-ld={linker}").into());
        }
        let output = self.directory.path().join(format!("program-{linker}"));
        let position = args.iter().position(|arg| arg == "-o").expect("an output");
        args[position + 1] = output.clone().into();
        let link = Link {
            directory: self.directory.path().join(format!("links/{linker}")),
            unit: "program-0001".to_owned(),
            linker: "cc".into(),
            record_directory: self.directory.path().to_owned(),
        };
        let status = provision(&link, args, &self.stub)
            .unwrap_or_else(|error| panic!("{linker}: {error:#}"));
        assert!(status.success(), "{linker}");
        let record = std::fs::read(link.directory.join("link.json")).expect("a record");
        let record: LinkRecord = serde_json::from_slice(&record).expect("a record that reads back");
        let image = Image::read(&record.image).expect("an image");
        Some((output, record, image))
    }
}

/// Returns what the program wrote.
fn assert_runs(program: &Path, args: &[&str]) -> String {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    assert_eq!(
        output.status.code(),
        Some(42),
        "{}: {:?}\n{}",
        program.display(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

const LINKERS: [&str; 4] = ["default", "lld", "bfd", "mold"];

fn check(flags: &[&str], run_with: &[&str]) {
    let built = build(flags);
    for linker in LINKERS {
        let Some((program, record, image)) = built.link(linker) else {
            continue;
        };
        let tls_spare = assert_runs(&program, run_with)
            .parse::<i64>()
            .expect("a distance");
        assert_eq!(
            image.thread_pointer_offset(image.tls_spare().start),
            Some(tls_spare),
            "{linker}"
        );
        assert!(image.verify_slots().expect("good slots") > 20, "{linker}");
        assert!(
            record
                .without_slot
                .iter()
                .any(|name| name.ends_with("naked_three")),
            "{:?}",
            record.without_slot
        );
        if flags.contains(&"-Copt-level=0") {
            assert_eq!(record.without_slot.len(), 1, "{:?}", record.without_slot);
        }
        assert!(
            image
                .symbols_named("an_extern_that_exists_nowhere")
                .is_empty()
        );
        assert!(
            !image
                .symbols()
                .iter()
                .any(|symbol| image.name(symbol).contains("never_called")),
            "{linker}"
        );
        assert_slots(linker, &record, &image);
    }
}

/// Every original object reads back from where the record says, and its functions are where the image says.
fn assert_slots(linker: &str, record: &LinkRecord, image: &Image) {
    let ids: std::collections::HashSet<&str> = record
        .objects
        .iter()
        .map(|object| object.id.as_str())
        .collect();
    for object in &record.objects {
        let bytes = std::fs::read(&object.path).expect("the original");
        let bytes = &bytes[usize::try_from(object.offset).expect("small")..]
            [..usize::try_from(object.len).expect("small")];
        assert!(bytes.starts_with(b"\x7fELF"));
    }
    let mut bodies = 0;
    for (name, id, symbol) in image.bodies() {
        assert!(ids.contains(id), "{name} has an unknown object {id}");
        assert_eq!(image.body(name, id), Some(symbol));
        let Some(slot) = image.slot(name, id) else {
            // Merged with a function that has no slot, and nobody calls it by this name.
            let names = image
                .symbols()
                .iter()
                .filter(|other| other.address == symbol.address)
                .count();
            assert!(names > 1, "{linker}: {name} of {id} has no slot");
            continue;
        };
        assert_eq!(image.decode_slot(slot), Some(symbol.address), "{name}");
        bodies += 1;
    }
    assert_eq!(image.slots().count(), bodies);
    assert!(image.spare_slots().len() >= super::anchor::DEFAULT_SPARE_THUNKS);
    assert_eq!(image.spare_slots().next(), Some(image.region().spare));
    assert!(
        image
            .thread_pointer_offset(image.tls_spare().start)
            .is_some_and(|offset| offset < 0)
    );
    assert_eq!(
        image.tls_spare().end - image.tls_spare().start,
        super::anchor::TLS_SPARE_SIZE
    );
}

#[test]
fn a_debug_program_runs_through_its_table() {
    check(&["-Copt-level=0"], &[]);
}

#[test]
fn an_optimised_program_runs_through_its_table() {
    check(&["-Copt-level=3"], &[]);
}

#[test]
fn a_program_that_is_not_position_independent_runs_through_its_table() {
    check(&["-Copt-level=1", "-Crelocation-model=static"], &[]);
}

#[test]
fn a_static_program_runs_through_its_table() {
    check(&["-Copt-level=0", "-Ctarget-feature=+crt-static"], &[]);
}

#[test]
fn a_program_that_aborts_on_panic_runs_through_its_table() {
    check(&["-Copt-level=0", "-Cpanic=abort"], &[]);
}

#[test]
fn exported_functions_are_found_by_name() {
    check(
        &[
            "-Copt-level=0",
            "-Clink-arg=-Wl,--export-dynamic-symbol=helper_callback",
            "-Cincremental=incremental",
        ],
        &["exported"],
    );
}

/// Files of a directory with their inodes: a file that was written again has another one.
fn inodes(directory: &Path) -> std::collections::BTreeMap<String, u64> {
    use std::os::unix::fs::MetadataExt as _;
    let entries = std::fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry"));
    let objects = entries.filter(|entry| {
        entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "o")
    });
    objects
        .map(|entry| {
            (
                entry.file_name().to_string_lossy().into_owned(),
                entry.metadata().expect("metadata").ino(),
            )
        })
        .collect()
}

#[test]
fn an_object_that_did_not_change_is_not_rewritten_twice() {
    let built = build(&["-Copt-level=0"]);
    let (program, record, _) = built.link("default").expect("rustc's own linker");
    let directory = built.directory.path().join("links/default");
    let first = inodes(&directory.join("cache"));
    assert_eq!(first.len(), record.objects.len());

    let (_, again, _) = built.link("default").expect("rustc's own linker");
    assert_eq!(inodes(&directory.join("cache")), first);
    assert_eq!(again, record);
    assert_runs(&program, &[]);

    // One object of the program becomes another: it alone is rewritten, and what was made of the old one is removed.
    let mut objects = record
        .objects
        .iter()
        .filter(|object| object.unit == "program-0001");
    let changed = objects.next().expect("an object of the program");
    let arg = built
        .args
        .iter()
        .find(|arg| arg.to_string_lossy().contains(&changed.cgu))
        .expect("it is linked");
    let mut bytes = std::fs::read(arg).expect("an object");
    bytes.push(0);
    std::fs::remove_file(arg).expect("removed");
    std::fs::write(arg, bytes).expect("written");
    let (program, _, _) = built.link("default").expect("rustc's own linker");
    let third = inodes(&directory.join("cache"));
    let kept = third
        .iter()
        .filter(|entry| first.get(entry.0) == Some(entry.1))
        .count();
    assert_eq!((third.len(), kept), (first.len(), first.len() - 1));
    assert_runs(&program, &[]);
}

#[test]
fn a_link_that_fails_leaves_the_originals_of_the_last_one() {
    let built = build(&["-Copt-level=0"]);
    let (output, record, _) = built.link("default").expect("rustc's own linker");
    let link = Link {
        directory: built.directory.path().join("links/default"),
        unit: "program-0001".to_owned(),
        linker: "cc".into(),
        record_directory: built.directory.path().to_owned(),
    };
    let mut args = built.args.clone();
    let position = args.iter().position(|arg| arg == "-o").expect("an output");
    args[position + 1] = output.into();

    // The linker itself fails.
    let mut with_failure = args.clone();
    with_failure.push("-Wl,--no-such-flag-at-all".into());
    let quiet = Link {
        linker: built.directory.path().join("fails").into(),
        ..link.clone()
    };
    std::fs::write(&quiet.linker, "#!/bin/sh\nexit 7\n").expect("a script");
    std::fs::set_permissions(&quiet.linker, std::fs::Permissions::from_mode(0o755))
        .expect("it becomes executable");
    assert_eq!(
        provision(&quiet, with_failure, &built.stub)
            .expect("it ran")
            .code(),
        Some(7)
    );
    assert!(!link.directory.join("link.json").exists());
    assert!(record.objects.iter().all(|object| object.path.exists()) && record.image.exists());

    // The linker ignores what it was told: the image has no table.
    let ignores = Link {
        linker: built.directory.path().join("ignores").into(),
        ..link.clone()
    };
    let script = "#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done; cp /bin/true \"$2\"\n";
    std::fs::write(&ignores.linker, script).expect("a script");
    std::fs::set_permissions(&ignores.linker, std::fs::Permissions::from_mode(0o755))
        .expect("it becomes executable");
    let error = provision(&ignores, args.clone(), &built.stub).expect_err("no table");
    assert!(format!("{error:#}").contains("symbol table"), "{error:#}");
    assert!(!link.directory.join("link.json").exists());

    // An object is damaged.
    let object = args
        .iter()
        .find(|arg| arg.to_string_lossy().contains("-cgu.0."))
        .expect("an object")
        .clone();
    std::fs::remove_file(&object).expect("removed");
    std::fs::write(&object, b"\x7fELF and no more").expect("written");
    let error = format!(
        "{:#}",
        provision(&link, args, &built.stub).expect_err("damaged")
    );
    assert!(
        error.contains("failed to read") && error.contains("-cgu.0.") && error.contains("64-bit"),
        "{error}"
    );
    assert!(record.objects.iter().all(|object| object.path.exists()));
}

/// Links rewritten objects between the table's two ends. `None` when the linker is not installed.
fn link_objects(
    directory: &Path,
    objects: &[(&str, &[u8])],
    linker: &str,
    flags: &[&str],
) -> Option<PathBuf> {
    let name = if linker == "mold" {
        linker.to_owned()
    } else {
        format!("ld.{linker}")
    };
    if Command::new(&name)
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        eprintln!("skipped: {name} is not installed");
        return None;
    }
    let output = directory.join(format!("linked-{linker}"));
    let mut command = Command::new("cc");
    command
        .arg(format!("-fuse-ld={linker}"))
        .arg("-o")
        .arg(&output)
        .args(flags);
    let (start, end) = (
        super::anchor::start_object().expect("start"),
        super::anchor::end_object(1).expect("end"),
    );
    for (name, bytes) in std::iter::once(&("start.o", &start[..]))
        .chain(objects)
        .chain([&("end.o", &end[..])])
    {
        let path = directory.join(name);
        std::fs::write(&path, bytes).expect("an object");
        command.arg(path);
    }
    super::anchor::ROOTS
        .iter()
        .for_each(|root| _ = command.arg(format!("-Wl,-u,{root}")));
    run(&mut command);
    Some(output)
}

fn compile(directory: &Path, name: &str, source: &str, flags: &[&str]) -> Vec<u8> {
    let path = directory.join(name);
    std::fs::write(&path, source).expect("a source file");
    let object = directory.join("compiled.o");
    run(Command::new("cc")
        .args(flags)
        .arg("-c")
        .arg(&path)
        .arg("-o")
        .arg(&object));
    std::fs::read(object).expect("an object")
}

#[test]
fn what_other_compilers_write_is_rewritten() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    let policy = SlotPolicy::default();
    // The same inline (COMDAT) function and the same weak function in two objects.
    let shared = |prefix: &str| {
        format!(
            ".section .text.inlined,\"axG\",@progbits,inlined,comdat\n.weak inlined\n.type inlined,@function\n\
             inlined: .cfi_startproc\nmov $30,%eax\nret\n.cfi_endproc\n.size inlined,.-inlined\n\
             .section .text.weak_one,\"ax\",@progbits\n.weak weak_one\n.type weak_one,@function\n\
             weak_one: .cfi_startproc\nmov $4,%eax\nret\n.cfi_endproc\n.size weak_one,.-weak_one\n\
             .section .text.{prefix}i,\"ax\",@progbits\n.globl {prefix}_inlined\n.type {prefix}_inlined,@function\n\
             {prefix}_inlined: .cfi_startproc\nmov inlined@GOTPCREL(%rip),%rax\nret\n.cfi_endproc\n\
             .section .text.{prefix}w,\"ax\",@progbits\n.globl {prefix}_weak\n.type {prefix}_weak,@function\n\
             {prefix}_weak: .cfi_startproc\nmov weak_one@GOTPCREL(%rip),%rax\nret\n.cfi_endproc\n\
             .section .note.GNU-stack,\"\",@progbits\n"
        )
    };
    for optimisation in ["-O0", "-O2"] {
        let flags = ["-ffunction-sections", "-fPIC", "-g", "-gz", optimisation];
        let shapes = rewrite(
            &compile(directory, "shapes.c", include_str!("shapes.c"), &flags),
            "00000001",
            &policy,
        )
        .expect("C");
        assert!(
            shapes.slots.iter().any(|name| name == "recursive"),
            "{:?}",
            shapes.slots
        );
        assert!(
            !shapes.slots.iter().any(|name| name == "indirect"),
            "{:?}",
            shapes.slots
        );
        let [a, b] = [("other", "00000002"), ("another", "00000003")].map(|(prefix, id)| {
            let object = rewrite(
                &compile(directory, "shared.s", &shared(prefix), &[]),
                id,
                &policy,
            )
            .expect("assembly");
            assert_eq!(object.slots.len(), 4);
            object.bytes
        });
        for linker in ["lld", "bfd", "mold"] {
            for gc in ["-Wl,--gc-sections", "-Wl,--no-gc-sections"] {
                let objects = [("shapes.o", &shapes.bytes[..]), ("a.o", &a), ("b.o", &b)];
                let Some(program) = link_objects(directory, &objects, linker, &[gc]) else {
                    continue;
                };
                assert_runs(&program, &[]);
                Image::read(&program)
                    .expect("an image")
                    .verify_slots()
                    .expect("good slots");
            }
        }
    }
}

#[test]
fn objects_with_very_many_sections_are_rewritten() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    // The first passes the limit of 65,279 sections by being rewritten, the second is beyond it from the start.
    for count in [22_000, 66_000] {
        let mut source = String::from(".globl main\n.set main,f0\n.type main,@function\n");
        for number in 0..count {
            use std::fmt::Write as _;
            let next = number + 1;
            // Every other function is local; each calls the next one.
            let scope = if number % 2 == 0 {
                format!(".globl f{number}\n")
            } else {
                String::new()
            };
            let body = if next < count {
                format!("push %rax\ncall f{next}\npop %rcx\nret")
            } else {
                "mov $42,%eax\nret".to_owned()
            };
            writeln!(
                source,
                ".section .text.f{number},\"ax\",@progbits\n{scope}.type f{number},@function\nf{number}: .cfi_startproc\n{body}\n.cfi_endproc\n.size f{number},.-f{number}"
            )
            .expect("a string takes it");
        }
        source.push_str(".section .note.GNU-stack,\"\",@progbits\n");
        let object = compile(directory, "many.s", &source, &[]);
        let rewritten = rewrite(&object, "0000000a", &SlotPolicy::default()).expect("rewritten");
        assert_eq!(
            rewritten.slots.len() + rewritten.without_slot.len(),
            count + 1
        );
        assert!(
            rewritten.slots.len() >= count - 1,
            "{:?}",
            rewritten.without_slot
        );
        for linker in ["lld", "bfd", "mold"] {
            let Some(program) = link_objects(
                directory,
                &[("many.o", &rewritten.bytes)],
                linker,
                &["-Wl,--gc-sections"],
            ) else {
                continue;
            };
            assert_runs(&program, &[]);
            let slots = Image::read(&program)
                .expect("an image")
                .verify_slots()
                .expect("good slots");
            assert!(slots >= count - 1, "{linker}: {slots}");
        }
    }
}

#[test]
fn damaged_objects_are_refused_and_never_panic() {
    let directory = tempfile::tempdir().expect("a directory");
    let source =
        "static int f(int n) { return n ? f(n - 1) * n : 1; } int g(int n) { return f(n); }";
    let object = compile(
        directory.path(),
        "small.c",
        source,
        &["-O1", "-g", "-ffunction-sections"],
    );
    let policy = SlotPolicy::default();
    assert_eq!(
        rewrite(&object, "00000001", &policy).expect("whole").bytes,
        rewrite(&object, "00000001", &policy).expect("whole").bytes
    );
    for length in 0..object.len() {
        assert!(
            rewrite(&object[..length], "00000001", &policy).is_err(),
            "cut at {length}"
        );
    }
    // Any byte wrong: an error or a result, never a panic.
    for position in 0..object.len() {
        for value in [0x00, 0x7f, 0xff, object[position] ^ 0x10] {
            let mut damaged = object.clone();
            damaged[position] = value;
            let _ = rewrite(&damaged, "00000001", &policy);
        }
    }
    let error = rewrite(b"BC\xc0\xde bitcode", "00000001", &policy).expect_err("bitcode");
    assert!(
        error.to_string().contains("link-time optimisation"),
        "{error:#}"
    );
}
