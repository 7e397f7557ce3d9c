//! Integration tests: the real command, on real projects, with real processes.
//!
//! # How to run
//!
//! ```text
//! cargo test --test integration                       all of them, two at a time
//! cargo test --test integration -- scenarios::hello   those whose name contains this
//! cargo test --test integration -- --list             names only
//! ```
//!
//! | variable | effect |
//! |---|---|
//! | `HOTPATCH_KEEP=1` | the temporary copies of the projects stay, and their paths are printed |
//! | `HOTPATCH_COLD=1` | the scenarios run **without** the tool: each state of the source is built and started by plain cargo, and what the program answers is compared with what the directives say. Validates a project by itself |
//! | `HOTPATCH_TEST_DEADLINE_SCALE=3` | all deadlines are three times as long (slow or busy machines) |
//! | `HOTPATCH_TEST_TOOL=PATH` | tests this executable (an installed one, say) instead of the one just built |
//! | `HOTPATCH_FAST=1` | the scenarios wait until all is compiled in advance, go the fast way where they can, and insist that each check agrees |
//! | `HOTPATCH_LOAD_PATCHES=20` | how many patches `load` makes (200 unless told otherwise) |
//! | `HOTPATCH_IDENTITY_PROJECTS=all` | `identity` looks at every test project, or at those in a list with commas |
//! | `HOTPATCH_SUITE_PATCHES=700` | how many patches `suite` makes (20 unless told otherwise) |
//! | `HOTPATCH_SUITE_CRATE=DIR` | the crate whose tests `suite` runs (`semver` unless told otherwise) |
//!
//! # What is where
//!
//! - [`project`]: a copy of a project in a temporary folder, and the ways to save.
//! - [`running`]: a process with its output and its events, and waits with deadlines.
//! - [`support`]: names, deadlines, commands in a scrubbed environment.
//! - [`directives`]: the language at the top of a test project's source. Its manual is there.
//! - [`scenarios`]: one test for each folder of `test-projects`.
//! - [`pairs`]: projects that must be patched, each with a sibling that must restart.
//! - [`ahead`]: edits that restart by their source's own word: cargo builds before they are judged.
//! - [`check`]: what a save would come to, without applying it.
//! - [`crossings`]: what becomes of a program when a check of the version cut is missing.
//! - [`cli`]: help, usage errors, `explain`, exit codes.
//! - [`fast`]: what goes the fast way, and what the full way says of it.
//! - [`faults`]: crashes, signals, vanishing and half-written files, forks, foreign peers.
//! - [`load`]: many patches under load.
//! - [`bench`]: what `cargo hotpatch bench` measures and leaves alone.
//! - [`builds`]: what cargo builds and when it has to, by content and not by time.
//! - [`scripts`]: build scripts, what they read and write, and what the program writes that they read.
//! - [`identity`]: the same source, rebuilt, moved or with other comments, is the same program.
//! - [`ends`]: what ends with a program and with a session, and what goes on.
//! - [`program`]: a program and its keeper, without a session.
//! - [`starts`]: crate types, and what a program sees of how it was started.
//! - [`suite`]: a crate's own tests run while its functions are replaced by equal ones ([`crate_as_program`]).
//! - [`reached`]: the program tells which patched functions were called.
//! - [`phases`]: the tool's phases without a session.
//! - [`coexist`]: `cargo build` and `cargo hotpatch run` side by side.
//!
//! Two rules: a sleep is never the synchronisation (wait for the line, the event or the exit), and every wait has a
//! deadline that ends in a report of all that was seen.

mod ahead;
mod bench;
mod builds;
mod check;
mod cli;
mod coexist;
mod crate_as_program;
mod crossings;
mod defects;
mod directives;
mod ends;
mod fast;
mod faults;
mod identity;
mod load;
mod pairs;
mod phases;
mod places;
mod program;
mod project;
mod reached;
mod running;
mod scenarios;
mod scripts;
mod starts;
mod suite;
mod support;

fn main() {
    let mut arguments = libtest_mimic::Arguments::from_args();
    // Each test runs compilers of its own; more at a time only makes every deadline longer.
    arguments.test_threads.get_or_insert(2);
    let mut trials = directives::trials();
    trials.extend(scenarios::trials());
    trials.extend(program::trials());
    trials.extend(ends::trials());
    trials.extend(starts::trials());
    trials.extend(pairs::trials());
    if !support::is_cold() {
        trials.extend(ahead::trials());
        trials.extend(bench::trials());
        trials.extend(builds::trials());
        trials.extend(scripts::trials());
        trials.extend(check::trials());
        trials.extend(crossings::trials());
        trials.extend(defects::trials());
        trials.extend(cli::trials());
        trials.extend(coexist::trials());
        trials.extend(fast::trials());
        trials.extend(faults::trials());
        trials.extend(identity::trials());
        trials.extend(load::trials());
        trials.extend(places::trials());
        trials.extend(reached::trials());
        trials.extend(suite::trials());
    }
    libtest_mimic::run(&arguments, trials).exit();
}
