//! A compiler that is started before there is anything to compile.
//!
//! To load `librustc_driver` and LLVM and to relocate them takes rustc 12 to 20 ms, a fifth of the compilation of a small
//! program. None of it depends on the arguments. So the compiler of the next edit is started when an edit has ended, as
//! `rustc @/dev/stdin`: it reads its arguments from there before it does anything else (the rustc book, "@path"), so it
//! waits, loaded, until somebody writes them. Then it is the compiler that would have been started, in the same directory and
//! environment; only that its standard input is a pipe at its end, where it would have been `/dev/null`.
//!
//! It never outlives its use. Dropped, it is killed; and should the tool itself be killed, the pipe ends, rustc sees no
//! arguments, writes its usage to nowhere and ends. A wrapper that the user has put around rustc (`sccache`) cannot read
//! arguments that are not there yet: then none is started in advance.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::{ChildStdin, Command, Stdio};

use super::child::{CancelFlag, CancellableChild};
use super::record::UnitRecord;
use super::wrapper::{argument_file, compiler_command};

/// What a compiler reads its arguments from.
const ARGUMENTS: &str = "@/dev/stdin";

/// A compiler that waits for its arguments.
#[derive(Debug)]
pub struct WaitingCompiler {
    child: CancellableChild,
    arguments: ChildStdin,
}

impl WaitingCompiler {
    /// Starts the compiler of `unit`. `None` if it cannot be started in advance.
    ///
    /// # Errors
    /// When it cannot be started at all.
    pub fn start(unit: &UnitRecord) -> io::Result<Option<Self>> {
        if unit.user_wrapper.is_some() {
            return Ok(None);
        }
        let mut command = compiler_command(&unit.rustc, None, &[OsString::from(ARGUMENTS)]);
        surroundings(&mut command, unit).stdin(Stdio::piped());
        let Some(mut child) = CancelFlag::new().spawn(&mut command)? else {
            return Ok(None);
        };
        let Some(arguments) = child.child.stdin.take() else {
            return Ok(None);
        };
        Ok(Some(Self { child, arguments }))
    }

    /// Lets it go, under both flags. `None` if one of them is set, or if the compiler has ended while it waited: then another
    /// one has to be started.
    #[must_use]
    pub fn compile(
        mut self,
        arguments: &[OsString],
        cancel: &CancelFlag,
        abort: &CancelFlag,
    ) -> Option<CancellableChild> {
        // An argument file has one argument a line.
        let has_lines = arguments
            .iter()
            .any(|argument| argument.as_encoded_bytes().contains(&b'\n'));
        if has_lines || !self.child.also_under(cancel) || !self.child.also_under(abort) {
            return None;
        }
        self.arguments.write_all(&argument_file(arguments)).ok()?;
        Some(self.child)
    }
}

/// What every compiler of `unit` has around it, but for its standard input.
pub(super) fn surroundings<'c>(command: &'c mut Command, unit: &UnitRecord) -> &'c mut Command {
    command
        .env_clear()
        .envs(unit.env.iter().map(|(name, value)| (name, value)))
        .current_dir(&unit.cwd)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
}
