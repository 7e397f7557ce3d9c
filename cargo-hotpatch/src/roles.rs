//! Which of the three roles this executable was started in, and the command's subcommands.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::capture::overlay;
use crate::capture::wrapper::{self, Role};
use crate::cli::{self, Command};
use crate::options::{
    BenchOptions, CheckOptions, DemoOptions, ExplainOptions, RunOptions, SaveOptions, exit_code,
};
use crate::process::keeper;
use crate::report::{FanOut, explain, text};
use crate::{bench, check, demo, options, save, session, stub_object, table};

/// Runs whatever this executable was started as. `args` are all arguments, the executable's name first.
#[must_use]
pub fn run(mut args: Vec<OsString>) -> ExitCode {
    let name = args.first().cloned().unwrap_or_default();
    match wrapper::role(&name) {
        Role::Wrapper => wrapper::main(args.split_off(1)),
        Role::Linker => table::shim::main(args.split_off(1), stub_object::STUB_OBJECT),
        Role::Command if args.get(1).is_some_and(|word| word == overlay::COMMAND) => {
            ExitCode::from(overlay::main(args.get(2..).unwrap_or_default()))
        }
        Role::Command if args.get(1).is_some_and(|word| word == keeper::COMMAND) => {
            ExitCode::from(keeper::main(args.get(2..).unwrap_or_default()))
        }
        Role::Command => ExitCode::from(command(args)),
    }
}

fn command(args: Vec<OsString>) -> u8 {
    let arguments = match cli::parse(args) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are "errors" of clap that go to stdout and are successes.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(exit_code::USAGE);
        }
    };
    match arguments.command {
        Command::Run(typed) => {
            let color = options::ColorSources::of_stderr(typed.color).decide();
            let result = RunOptions::new(typed).and_then(|options| {
                let listeners =
                    FanOut::for_run(options.color, options.quiet, options.events.as_deref())?;
                session::run(options, listeners)
            });
            report(result, color)
        }
        Command::Save(typed) => {
            let color = options::ColorSources::of_stderr(typed.color).decide();
            report(
                SaveOptions::new(&typed).map(|options| save::main(&options)),
                color,
            )
        }
        Command::Check(typed) => {
            let color = options::ColorSources::of_stderr(typed.color).decide();
            report(
                CheckOptions::new(&typed).map(|options| check::main(&options)),
                color,
            )
        }
        Command::Demo(typed) => demo::main(&DemoOptions::new(&typed)),
        Command::Bench(typed) => {
            let color = options::ColorSources::of_stderr(typed.color).decide();
            report(
                BenchOptions::new(typed).map(|options| bench::main(&options)),
                color,
            )
        }
        Command::Explain(typed) => {
            let color = options::ColorSources::of_stderr(typed.color).decide();
            report(
                ExplainOptions::new(typed).and_then(|options| explain::main(&options)),
                color,
            )
        }
    }
}

/// The one place that prints why the command failed.
fn report(result: anyhow::Result<u8>, color: bool) -> u8 {
    result.unwrap_or_else(|error| {
        text::print_error(&error, color);
        exit_code::FAILURE
    })
}
