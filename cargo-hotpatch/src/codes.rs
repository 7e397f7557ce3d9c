//! Every reason why the tool does something other than patch, with a stable code.
//!
//! A code is never reused and never changes its meaning. `cargo hotpatch explain CODE` prints what stands here.

use serde::Serialize;

/// One stable code: the rule, an example that breaks it, and what a developer can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// `HP0xxx`.
    pub id: &'static str,
    /// One line, lower case, no full stop.
    pub title: &'static str,
    /// The rule and why it is one.
    pub rule: &'static str,
    /// An edit that gets this code.
    pub example: &'static str,
    /// What the developer can do about it.
    pub remedy: &'static str,
}

/// A place in a source file: 1-based line and column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The file, as the compiler named it.
    pub file: String,
    /// 1-based.
    pub line: u32,
    /// 1-based; 1 when only the line is known.
    pub column: u32,
}

/// Why an edit was not patched in place: a code, and the facts of this case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// A `HP0xxx` of [`ALL`].
    pub code: &'static str,
    /// The facts: what, where, what was expected and what was found.
    pub message: String,
    /// Where in the source, when it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
}

impl Reason {
    /// A reason without a place in the source.
    #[must_use]
    pub fn new(code: &Code, message: impl Into<String>) -> Self {
        Self {
            code: code.id,
            message: crate::report::bounds::message(message.into()),
            span: None,
        }
    }

    /// The same reason, with its place.
    #[must_use]
    pub fn at(mut self, span: Option<Span>) -> Self {
        self.span = span;
        self
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}] {}", self.code, self.message)
    }
}

impl std::error::Error for Reason {}

macro_rules! codes {
    ($($name:ident = $id:literal, $title:literal, rule: $rule:literal, example: $example:literal, remedy: $remedy:literal;)*) => {
        $(
            #[doc = $title]
            pub const $name: Code = Code { id: $id, title: $title, rule: $rule, example: $example, remedy: $remedy };
        )*
        /// All codes, in the order of their numbers.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

/// The code with this id (case-insensitive), if there is one.
#[must_use]
pub fn find(id: &str) -> Option<&'static Code> {
    ALL.iter().find(|code| code.id.eq_ignore_ascii_case(id))
}

// What the groups are about: see `GROUPS`.
codes! {
    UNSUPPORTED_PLATFORM = "HP0001", "this platform or target is not supported",
        rule: "Live patching needs Linux on x86-64 with the GNU C library; the jump table, the stub and the patch linker are written for it.",
        example: "cargo hotpatch run --target aarch64-unknown-linux-gnu",
        remedy: "Run the program with `cargo run`, or build it for x86_64-unknown-linux-gnu.";
    PROFILE_LTO = "HP0002", "link-time optimisation is switched on in the profile",
        rule: "With LTO the functions of all crates are compiled together at the final link, so there are no objects of one crate to compare.",
        example: "[profile.dev] lto = true",
        remedy: "The tool switches LTO off for its own build and says so; nothing has to be changed.";
    PROFILE_STRIP = "HP0003", "the profile strips symbols or debug info",
        rule: "Symbols and debug info are how the running program is compared with the new objects.",
        example: "[profile.release] strip = true",
        remedy: "The tool keeps symbols in its own build and says so; nothing has to be changed.";
    TYPE_LAYOUT = "HP0101", "the layout of a type changed",
        rule: "Values built before the edit keep the old layout; code compiled for the new one would read them wrongly.",
        example: "struct Counter { hits: u32 } becomes struct Counter { hits: u64 }",
        remedy: "Let it restart, or keep the new data in a separate type.";
    TYPE_MEANING = "HP0102", "fields or variants of a type changed their meaning",
        rule: "The bytes are laid out as before, but stand for something else: fields of one type swapped, variants reordered.",
        example: "struct P { x: f32, y: f32 } becomes struct P { y: f32, x: f32 }",
        remedy: "Let it restart. A field that is only renamed, in its place and to a name that no other had, needs none.";
    TYPE_DOUBT = "HP0103", "a type cannot be compared for certain",
        rule: "Two types of one name, fields of one type renamed at once, memory whose type only a cast or `dyn Any` says, or debug info that is not understood: when in doubt, restart.",
        example: "two local structs of one name in one function",
        remedy: "Let it restart; a unique name makes the comparison possible, and one rename a save is told from an exchange.";
    SIGNATURE = "HP0201", "a function's signature changed where old callers may meet new code",
        rule: "A function whose address is in a vtable or whose callers cannot all be recompiled must keep its signature.",
        example: "a method of a live `dyn Trait` takes another argument",
        remedy: "Let it restart, or add a new function with the new signature beside the old one, and call that.";
    ABI_DOUBT = "HP0202", "a function may be called in another way than before",
        rule: "Attributes such as `#[track_caller]`, `extern \"C\"` or `repr` change how a function is called without a trace in debug info; without a caller that is byte-identical in both builds the call is not proven equal.",
        example: "#[track_caller] is added to a function",
        remedy: "Let it restart. If only the body was to change, edit it without touching the header and its attributes.";
    FUNCTION_WITHOUT_SLOT = "HP0203", "a function that changed has no place in the jump table",
        rule: "Naked functions, and functions of the standard library instantiated with standard types only, are not behind the jump table.",
        example: "the body of a #[naked] function is edited",
        remedy: "Let it restart; or move what changes often into an ordinary function that the other one calls.";
    PAIRING_DOUBT = "HP0204", "functions of one name cannot be paired for certain",
        rule: "Several items share one path (macro expansions, nested items); after the edit it is not certain which is which.",
        example: "a macro that expands to `fn helper` is used once more in one function",
        remedy: "Let it restart; unique names make the pairing possible.";
    OPTIMISED_CALLEE = "HP0205", "an optimised function's real calling convention may have changed",
        rule: "Above opt-level 0 the compiler may change what a function takes and whether it can unwind; a caller that nobody edited changed with it.",
        example: "an edit in a function of a release build changes its callers as well",
        remedy: "Let it restart; compile the workspace's members with opt-level 0 and the dependencies optimised.";
    CLOSURE_CAPTURES = "HP0301", "a closure's captures changed",
        rule: "A closure that was made before the edit holds the old captures. It keeps the old code, and closures made from now on have the new, unless one could be taken for the other.",
        example: "|| println!(\"{a}\") becomes || println!(\"{a} {b}\"), and the closure is also kept as `dyn Any`",
        remedy: "Let it restart, or remove the way in which the old and the new could meet: the message names it.";
    CLOSURE_PAIRING = "HP0302", "closures cannot be paired for certain",
        rule: "Closures have numbers, not names; one was added or removed beside others, or two were exchanged. Old ones keep the old code and new ones get the new, unless one could be taken for the other.",
        example: "a closure is inserted before another one in the initial value of a static",
        remedy: "Let it restart, or give the closure's body a name by making it a function.";
    COROUTINE = "HP0303", "the body of an async function or block changed",
        rule: "A future that is suspended keeps its state in the layout of the old body. It finishes in the old code, and futures made from now on have the new, unless one could be taken for the other.",
        example: "an `.await` is added to an async fn whose future is kept as `dyn Any`",
        remedy: "Let it restart, remove the way in which the old and the new could meet, or move the code that changes often into a plain function that the async one calls.";
    VERSIONS_MEET = "HP0304", "code that two versions of a closure share changed",
        rule: "After an edit of its captures, a closure lives on in two versions, each with code of its own. What they were found to share cannot be exchanged for one of them.",
        example: "the function that returns an `impl Fn` is edited again, and was not compiled anew when the closure's captures changed",
        remedy: "Let it restart: after it, there is one version again. Edits of the closure itself go on being patched.";
    VTABLE = "HP0401", "the methods of a trait object changed",
        rule: "Trait objects made before the edit hold vtables with the old slots.",
        example: "a method is added to a trait that is used as `dyn Trait`",
        remedy: "Let it restart; or add the method to a new trait, or as a function beside the trait.";
    STATIC_TYPE = "HP0501", "the type of a static or thread-local changed",
        rule: "A static keeps its address and its value through every patch, so its type must stay.",
        example: "static N: AtomicU32 becomes static N: AtomicU64",
        remedy: "Let it restart, or add a new static beside the old one.";
    STATIC_SECTION = "HP0502", "a static became mutable, or stopped being so",
        rule: "The static would have to move between read-only and writable memory, and compiled code relies on the one or the other.",
        example: "static N: u32 becomes static mut N: u32",
        remedy: "Let it restart, or add a new static beside the old one.";
    STATIC_PAIRING = "HP0503", "statics of one name cannot be paired for certain",
        rule: "Several statics share one path (macro expansions); after the edit it is not certain which value belongs to which.",
        example: "a logging macro with a hidden static is used once more, above two others",
        remedy: "Let it restart, or give each static a name of its own: a macro can take it as an argument.";
    THREAD_LOCAL_IMAGE = "HP0504", "a new thread-local has an initial value that is not zero",
        rule: "New thread-locals live in zeroed space that was reserved at the start, in every thread.",
        example: "a new thread_local! { static T: Cell<u32> = const { Cell::new(3) } }",
        remedy: "Let it restart, or initialise it lazily.";
    REGISTRY = "HP0505", "something changed that is registered at program start",
        rule: "Entries of .init_array and of linker-made lists (ctor, inventory, linkme) are read once, at the start; a global allocator has given out memory since.",
        example: "an inventory::submit! is added",
        remedy: "Let it restart: only the start reads such lists.";
    THREAD_LOCAL_SPACE = "HP0506", "the space for new thread-locals is used up",
        rule: "Every image holds a fixed, zeroed reserve for thread-locals that patches add.",
        example: "a patch adds a large thread-local array",
        remedy: "Let it restart: thread-locals of the program itself need no reserve.";
    CONSTANT_IN_USE = "HP0507", "a new value of an immutable static cannot reach all that refers to it",
        rule: "A new value is written over the old one, so that every reference sees it. That is not possible while a thread that never waits could read half of each value, or where a reference could be to a part that only the old value has.",
        example: "static S: Option<&str> = Some(\"a\") becomes None, and a table in writable memory refers to S",
        remedy: "Let it restart; a static whose type is a number, a text or a struct of such keeps its place.";
    MANIFEST = "HP0601", "a manifest or cargo configuration changed",
        rule: "What cargo reads decides which crates there are and how they are compiled; only cargo can follow it.",
        example: "a dependency is added to Cargo.toml",
        remedy: "Let it restart; edits of source files are moved in again after that.";
    BUILD_SCRIPT = "HP0602", "a build script or one of its inputs changed",
        rule: "The build script has to run again, and what it writes may change anything.",
        example: "build.rs is edited",
        remedy: "Let it restart; edits of source files are moved in again after that.";
    PROC_MACRO = "HP0603", "a crate that runs at compile time changed",
        rule: "A procedural macro, or a crate that one depends on, has to be rebuilt by cargo before anything else.",
        example: "the source of a derive macro in the workspace is edited",
        remedy: "Let it restart; edits of crates that only use the macro are moved in without one.";
    NOT_CAPTURED = "HP0604", "a changed file belongs to a crate that was not captured",
        rule: "Only workspace members are compiled through the tool; other path dependencies are rebuilt by cargo.",
        example: "a path dependency outside of the workspace is edited",
        remedy: "Let it restart, or make the crate a member of the workspace.";
    // HP0605 was never issued, and stays unused.
    REPLAY_FAILED = "HP0606", "the compiler could not be replayed",
        rule: "The recorded command did not run as it did under cargo, though the source is not to blame.",
        example: "the toolchain was updated while the session ran",
        remedy: "Let it restart; the build that belongs to it records the compiler anew.";
    BUILD_BROKEN = "HP0607", "the build failed, and the source is not to blame",
        rule: "Cargo or the compiler could not run to its end: no memory, no file descriptors, a full or read-only disk, a signal. The program goes on with the code that it had.",
        example: "the disk of the target directory is full",
        remedy: "Remove the cause that the message names, and save again or call `cargo hotpatch save`.";
    COMPILE_ERROR = "HP0608", "the source does not compile",
        rule: "What the compiler rejects cannot be moved into the program, which goes on with the code that it had.",
        example: "a semicolon is missing",
        remedy: "Correct the source and save again.";
    BAD_OBJECT = "HP0701", "an object cannot be read",
        rule: "The object is cut short or not of the kind that the compiler writes.",
        example: "the disk is full, and an object is only half there",
        remedy: "Let it restart; if it happens again, report it with the object.";
    UNKNOWN_RELOCATION = "HP0702", "a relocation is not known to the patch linker",
        rule: "What is not known is not guessed: a wrong address in a patch would be wrong code.",
        example: "a code model other than small",
        remedy: "Let it restart; report it with the relocation's type.";
    UNRESOLVED = "HP0703", "a symbol is neither in the program nor in any library of its link",
        rule: "Everything that a patch refers to has to have one certain address.",
        example: "an extern function of a C library that is not linked",
        remedy: "Let it restart; the full link says what is missing.";
    OUT_OF_RANGE = "HP0704", "a target is too far away",
        rule: "Relative references reach 2 GiB, and the patch would lie farther away from what it refers to.",
        example: "the program could not reserve the arena near its code",
        remedy: "Let it restart: the new process reserves its arena anew.";
    AMBIGUOUS_SYMBOL = "HP0705", "a name stands for several things",
        rule: "A local symbol of a library that exists more than once has no certain address.",
        example: "two C files with a `static int state`",
        remedy: "Let it restart; a unique name for the native symbol makes it certain.";
    SELF_CHECK = "HP0706", "the linked patch is not what was planned",
        rule: "Each patch is read back and compared with the plan before it is sent.",
        example: "a defect of this tool",
        remedy: "Let it restart; please report it.";
    ARENA_FULL = "HP0801", "the arena for patches is full",
        rule: "Patches are never unmapped, since old frames may run in them.",
        example: "many hundreds of patches in one session",
        remedy: "Let it restart: the new process starts with an empty arena.";
    SLOTS_FULL = "HP0802", "there is no free place in the jump table",
        rule: "New functions take spare places, of which there is a fixed number.",
        example: "a patch adds tens of thousands of functions",
        remedy: "Let it restart: the new image has all spare places free.";
    NOT_CONNECTED = "HP0803", "the program has no connection to the tool",
        rule: "The stub inside the program obeys over a socket; without it nothing can be patched.",
        example: "the program executed another one, or closed all its file descriptors",
        remedy: "Let it restart: the new process connects again.";
    STUB_REFUSED = "HP0804", "the stub refused or could not follow a message",
        rule: "The stub does what it understands, and nothing else. What it refuses has not happened.",
        example: "the system refuses a mapping",
        remedy: "Let it restart; if it happens again, look at the process's limits (memory, number of mappings).";
    STUB_TIMEOUT = "HP0805", "the stub did not answer in time",
        rule: "Each message has a deadline. What was not answered in time is refused by the stub when it wakes up.",
        example: "the program is stopped in a debugger",
        remedy: "Let the program run on; the next save tries again.";
    WRONG_PEER = "HP0806", "a foreign process spoke on the session's socket",
        rule: "Only the program that was started, with the session's token and this protocol version, is obeyed.",
        example: "another process connects to the socket",
        remedy: "Nothing: the connection is closed and the session goes on.";
    PROGRAM_ENDED = "HP0807", "the program had ended",
        rule: "There was no running program to patch, so the save built it and started it again.",
        example: "the program crashed, and its source is edited",
        remedy: "Nothing: the new code runs.";
    KILLED = "HP0808", "a process did not end when it was asked to",
        rule: "Before a restart, and at the session's end, the program and all that it has started are asked to end by a signal. What takes longer than the grace is killed.",
        example: "a handler of SIGTERM that waits for connections to close",
        remedy: "Give it more time with `--grace SECONDS`, or another signal with `--stop-signal SIGINT`.";
    STILL_RUNS = "HP0809", "a program of an earlier session still runs",
        rule: "A program ends when its session is asked to end. A session that is killed, or crashes, takes no program with it.",
        example: "the tool is ended by SIGKILL, and then started again",
        remedy: "End the process that the message names, if it is not wanted any more.";
    NO_ROOM = "HP0810", "the files of a patch cannot be written",
        rule: "Each patch is a file in the session's directory, from which the program maps it. A restart needs none, and the session looks for another directory then.",
        example: "the file system of TMPDIR is full",
        remedy: "Let it restart: edits after it are patched again. Free some space, or start the session with another TMPDIR.";
    PROVISION_FAILED = "HP0901", "the program could not be provisioned with a jump table",
        rule: "An image without its table is never run as if it had one.",
        example: "an object with a section that is not understood",
        remedy: "Report it with the object; `cargo run` works as ever.";
    NO_EFFECT = "HP0902", "the edit would have no effect on the running program",
        rule: "What can only be reached from frames that never return would never be seen.",
        example: "`main` itself, or a loop that it calls once and that is already running",
        remedy: "Let it restart; or move the body of the loop into a function that the loop calls, so that the next edit of it is patched.";
    BESIDE = "HP0903", "something beside the patching does not work",
        rule: "Saves are still seen and moved into the program; a service around that has failed, and the message says which.",
        example: "there is no private directory for the socket that `cargo hotpatch save` connects to",
        remedy: "Go on without it, or remove the cause that the message names and start the session again.";
    INTERNAL = "HP0904", "a defect of this tool",
        rule: "The tool came upon something that its authors held to be impossible. What it was doing is given up, and done in another way where there is one.",
        example: "the fast path panics on a file that its authors never thought of",
        remedy: "Go on working: the session does. Please report the line, and the file or the edit if you can.";
}

/// What the groups of codes are about, by the two digits behind `HP`.
const GROUPS: &[(&str, &str)] = &[
    ("00", "Platform and set-up"),
    ("01", "Types"),
    ("02", "Functions"),
    ("03", "Closures and coroutines"),
    ("04", "Traits and vtables"),
    ("05", "Statics and thread-locals"),
    ("06", "What needs cargo"),
    ("07", "Diff and patch link"),
    ("08", "The running program"),
    ("09", "Everything else"),
];

/// All codes as the Markdown document `CODES.md`.
#[must_use]
pub fn document() -> String {
    // A pipe would end a cell; a bracket, an angle or an asterisk would mean something.
    let cell = |text: &str| -> String {
        let mut cell = String::new();
        let mut is_code = false;
        for character in text.chars() {
            match character {
                '`' => is_code = !is_code,
                '|' => cell.push('\\'),
                '<' | '*' | '_' | '[' | '#' if !is_code => cell.push('\\'),
                _ => {}
            }
            cell.push(character);
        }
        cell
    };
    let mut text = String::from(
        "# Codes

Every reason for which `cargo hotpatch` does something other than patch. A code is never reused and never changes its meaning.
`cargo hotpatch explain CODE` prints the same. Generated from `src/codes.rs`; after a change there, `HOTPATCH_BLESS=1 cargo test
--lib codes` writes it anew.
",
    );
    for (digits, about) in GROUPS {
        text.push_str(&format!(
            "\n## HP{digits}xx: {about}\n\n| code | what | why | for example | what to do |\n|---|---|---|---|---|\n"
        ));
        for code in ALL.iter().filter(|code| &code.id[2..4] == *digits) {
            text.push_str(&format!(
                "| {} | {} | {} | {} | {} |\n",
                code.id,
                cell(code.title),
                cell(code.rule),
                cell(code.example),
                cell(code.remedy)
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests;
