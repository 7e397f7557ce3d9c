//! What can be said about a session. The engine emits these; the terminal, the JSON lines and waiting editors listen.
//!
//! The JSON form is the one documented in `EVENTS.md`; a change here is a change there.

use std::path::PathBuf;

use serde::Serialize;

use crate::codes::Reason;

/// The version of the JSON form, written in every `started` event.
pub const EVENTS_VERSION: u32 = 1;

/// How a save ended. Every save ends in exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// The running program has the new code.
    Patched,
    /// Nothing that the program does is different (line numbers may have been refreshed).
    Unchanged,
    /// The program was rebuilt and started again.
    Restarted,
    /// A restart would have been needed, and the user asked for none.
    Refused,
    /// The source does not compile; the program runs on.
    CompileError,
    /// A newer save took over while this one was being worked on.
    Superseded,
}

/// What happened to one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FunctionKind {
    /// Calls reach the new code.
    Patched,
    /// Was not in the program before.
    New,
    /// No function, but an immutable static: all that refers to it sees its new value.
    Static,
    /// Same code, new line numbers.
    Refreshed,
    /// Patched, but a frame of the old code is still on a stack.
    StillRunning,
}

/// One function in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunctionReport {
    /// Demangled, without hashes.
    pub name: String,
    /// What happened to it.
    pub kind: FunctionKind,
    /// The name of the thread whose stack holds the old frame (only for `still-running`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// False if the frame may have returned: the stack could not be unwound to there (only for `still-running`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certain: Option<bool>,
}

/// Milliseconds by stage. A stage that did not run has 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Timings {
    /// From the file's change on disk to the session's knowing of it.
    pub watch: f64,
    /// Deciding what to compile.
    pub plan: f64,
    /// Running the compiler (for a restart: cargo).
    pub compile: f64,
    /// Comparing objects.
    pub diff: f64,
    /// Deciding whether it is safe.
    pub judge: f64,
    /// Making the patch file.
    pub link: f64,
    /// Sending it, until the runtime's acknowledgement (for a restart: stopping and starting).
    pub apply: f64,
    /// From the file's change to the acknowledgement.
    pub total: f64,
}

/// How an edit was compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// What was edited, and nothing else; a [`Event::Confirmation`] follows.
    Fast,
    /// The whole crate.
    Full,
}

/// The end of a save.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Which of the six.
    pub outcome: OutcomeKind,
    /// The functions that are concerned.
    pub functions: Vec<FunctionReport>,
    /// Why, for everything but `patched`.
    pub reason: Option<Reason>,
    /// Further remarks: statics that keep their value, what the patch left out.
    pub notes: Vec<String>,
    /// By stage.
    pub timings_ms: Timings,
    /// The number of the patch, counted from 1 in each process.
    pub patch: Option<u64>,
    /// The process that runs after this outcome.
    pub pid: Option<u32>,
    /// How it was compiled, if it was, and the program has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way: Option<Way>,
    /// Why it did not go the fast way, where the session has one and the edit was compiled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_because: Option<String>,
    /// What the compiler said, without colours, for `compile-error`; cut where it is long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<String>,
}

/// A patched function that was called.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReachedFunction {
    /// Demangled, without hashes.
    pub name: String,
    /// Milliseconds from the program's acknowledgement of the patch until the call was noticed: it came no later.
    pub after_ms: f64,
}

/// A patched function that was not called yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreachedFunction {
    /// Demangled, without hashes.
    pub name: String,
    /// What is known of who may still call it, for people; `None` if nothing is.
    pub why: Option<String>,
}

/// Everything that can be said.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The first build, or a restart's build, begins.
    Building {
        /// Why: absent for the first build.
        reason: Option<Reason>,
    },
    /// A process runs and obeys.
    Started {
        /// [`EVENTS_VERSION`].
        version: u32,
        /// The process.
        pid: u32,
        /// How many functions have a slot in the jump table.
        slots: usize,
        /// How many functions of the workspace have none, and so restart when they change.
        without_slot: usize,
        /// The executable that runs.
        image: PathBuf,
        /// True for every start but the first.
        restart: bool,
    },
    /// Files changed on disk.
    Saved {
        /// Their paths, relative to the workspace where they are inside of it.
        files: Vec<PathBuf>,
    },
    /// More files changed so soon after those of the last [`Event::Saved`] that they belong to the same save: it begins again
    /// with all of them, and has one outcome.
    SavedToo {
        /// The further files, relative to the workspace root where they are inside of it.
        files: Vec<PathBuf>,
    },
    /// Work on a save goes on; for progress display only, never written as JSON.
    #[serde(skip)]
    Progress {
        /// What is being done now.
        stage: &'static str,
    },
    /// What the compiler said, rendered; for people only, never written as JSON.
    #[serde(skip)]
    Diagnostics {
        /// With colours if the user's terminal has them.
        rendered: String,
    },
    /// The end of a save.
    Outcome(Outcome),
    /// Patched functions were called for the first time since the patch.
    Reached {
        /// The number of the patch.
        of: u64,
        /// Those that were found to be called since the last event of this patch.
        functions: Vec<ReachedFunction>,
        /// How many edited functions of the patch were not called yet.
        left: usize,
    },
    /// Two seconds after a patch, some of its functions were not called yet. Comes once for a patch, if at all; a later call is
    /// told by [`Event::Reached`].
    NotReached {
        /// The number of the patch.
        of: u64,
        /// Those that were not.
        functions: Vec<UnreachedFunction>,
        /// How many functions of the patch were.
        reached: usize,
    },
    /// Everything that is compiled in advance has been: from now on no save takes longer because it is the first of its kind.
    Warmed,
    /// What the whole crate, compiled behind a fast patch, says of it.
    Confirmation {
        /// The number of the fast patch.
        of: u64,
        /// The program has, function by function, what the full way would have given it; `None` if a newer save came first.
        agrees: Option<bool>,
        /// What became of it: `unchanged`, `patched` (further functions, or others), `restarted`, `refused`, `compile-error` (the
        /// patch is undone), `superseded`.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// The session is over.
    Ended(Counts),
    /// The process ended.
    Exited {
        /// The process.
        pid: u32,
        /// Its exit code, if it exited.
        status: Option<i32>,
        /// The signal that ended it, if one did.
        signal: Option<i32>,
    },
    /// Something the user should know that is not the end of a save.
    Warning {
        /// The code and the facts.
        reason: Reason,
    },
}

/// How often which way was gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Patches that came the fast way.
    pub fast: u64,
    /// Saves that were compiled the full way and are in the program.
    pub full: u64,
    /// How often the full way agreed with the fast way.
    pub agreed: u64,
    /// How often it did not.
    pub disagreed: u64,
}

/// Who listens. Listeners never fail: a full disk under an event log must not stop the session.
pub trait Listener: Send {
    /// Takes note of `event`.
    fn event(&mut self, event: &Event);

    /// What has kept it from it, told once: for the other listeners.
    fn trouble(&mut self) -> Option<Reason> {
        None
    }
}
