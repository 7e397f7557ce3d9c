//! Whose fault an error is: the source's, or that of the system under the compiler.
//!
//! A full or read-only disk, a limit of memory or descriptors and a signal end a compiler as an error in the source does, with the same
//! status and in the same form. But they have neither a place in the source nor a code, and they name what the system said.

use serde_json::Value;

/// Errors of the system (`errno`) that say nothing of a source: no memory, no processes, too many files, no space, read-only, quota, a
/// broken disk.
const ERRNOS: [i32; 9] = [
    libc::ENOMEM,
    libc::EAGAIN,
    libc::EMFILE,
    libc::ENFILE,
    libc::ENOSPC,
    libc::EROFS,
    libc::EDQUOT,
    libc::EIO,
    libc::EFBIG,
];

/// What the same is called where no number is given: by linkers, by LLVM, by cargo of a process that was killed.
const WORDS: [&str; 12] = [
    "No space left on device",
    "Read-only file system",
    "Too many open files",
    "Cannot allocate memory",
    "Resource temporarily unavailable",
    "Disk quota exceeded",
    "Input/output error",
    "File too large",
    "LLVM ERROR: out of memory",
    "memory allocation of ",
    "signal: 9, SIGKILL",
    "terminated with signal 9",
];

/// True if this text says that the system refused something, whatever the source is like.
pub(super) fn names_the_system(text: &str) -> bool {
    ERRNOS
        .iter()
        .any(|number| text.contains(&format!("(os error {number})")))
        || WORDS.iter().any(|words| text.contains(words))
}

/// The errors of one run of a compiler.
#[derive(Debug, Default)]
pub(super) struct Blame {
    of_source: bool,
    of_system: Option<String>,
}

impl Blame {
    /// Takes a diagnostic in, in the compiler's JSON form, if it is an error.
    pub(super) fn take_in(&mut self, diagnostic: &Value) {
        let text = |path: &str| diagnostic.pointer(path).and_then(Value::as_str);
        let message = text("/message").unwrap_or_default();
        let is_error = text("/level").is_some_and(|level| level.starts_with("error"));
        // The sum at the end says nothing new.
        if !is_error || message.starts_with("aborting due to") {
            return;
        }
        let has_place = diagnostic
            .pointer("/spans")
            .and_then(Value::as_array)
            .is_some_and(|spans| !spans.is_empty());
        let is_of_system = !has_place
            && text("/code/code").is_none()
            && names_the_system(text("/rendered").unwrap_or(message));
        if is_of_system {
            self.of_system.get_or_insert_with(|| message.to_owned());
        } else {
            self.of_source = true;
        }
    }

    /// What the system refused, if there was no error in the source beside it.
    pub(super) fn system(&self) -> Option<&str> {
        self.of_system.as_deref().filter(|_| !self.of_source)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn blamed(diagnostics: &[Value]) -> Option<String> {
        let mut blame = Blame::default();
        diagnostics.iter().for_each(|one| blame.take_in(one));
        blame.system().map(str::to_owned)
    }

    #[test]
    fn the_system_is_told_from_the_source() {
        let error = |message: &str, spans: Value, code: Value| {
            json!({"level": "error", "message": message, "rendered": format!("error: {message}\n"),
                "spans": spans, "code": code})
        };
        let full = error(
            "failed to write to `/t/a.o`: No space left on device (os error 28)",
            json!([]),
            Value::Null,
        );
        let sum = error("aborting due to 1 previous error", json!([]), Value::Null);
        let missing = error(
            "couldn't read `a.txt`: No such file or directory (os error 2)",
            json!([{"file_name": "src/main.rs"}]),
            Value::Null,
        );
        let types = error("mismatched types", json!([{}]), json!({"code": "E0308"}));
        let linker = error(
            "linking with `cc` failed: exit status: 1",
            json!([]),
            Value::Null,
        );
        assert!(blamed(&[full.clone(), sum]).is_some());
        assert_eq!(blamed(&[missing]), None);
        assert_eq!(blamed(&[full, types]), None);
        assert_eq!(blamed(&[linker]), None);
        assert_eq!(blamed(&[]), None);
    }

    #[test]
    fn what_others_print_is_known() {
        for text in [
            "process didn't exit successfully: `rustc …` (signal: 9, SIGKILL: kill)",
            "collect2: fatal error: ld terminated with signal 9 [Killed]",
            "rustc-LLVM ERROR: IO failure on output stream: No space left on device",
            "error: failed to open: /t/.cargo-lock\n\nCaused by:\n  Read-only file system (os error 30)",
        ] {
            assert!(names_the_system(text), "{text}");
        }
        assert!(!names_the_system("undefined reference to `f` (os error 2)"));
    }
}
