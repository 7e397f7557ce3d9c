//! The directives at the top of a test project: how it is started, what is saved, and what must come of it.
//!
//! They are comments that begin with `//@`, above everything else in one `.rs` file of the project (nearly always
//! `src/main.rs`). Their order is the order in which things happen. Text in double quotes knows `\n`, `\t`, `\"` and `\\`.
//! The programs answer each line of standard input with one line of output, so that nothing depends on time.
//!
//! # Before the first step
//!
//! | directive | meaning |
//! |---|---|
//! | `//@ why: TEXT` | what the project is for (also allowed later) |
//! | `//@ run-args: ARGS` | arguments for `run` that plain cargo knows too: `--release`, `-p app`, `-F fancy` |
//! | `//@ tool-args: ARGS` | arguments for `run` that only the tool knows: `--no-restart` |
//! | `//@ program-args: ARGS` | arguments for the program |
//! | `//@ env: NAME=VALUE` | an environment variable for tool and program |
//! | `//@ expect-line: TEXT` | the line that the program prints when it is up, after each start (`ready` if not given) |
//! | `//@ end: kill` | the program does not end with status 0 when its input ends |
//! | `//@ pair: PROJECT` | the nearest sibling: of the two, one must be patched (or unchanged) and the other must restart, with a `code`; it names this project in turn |
//! | `//@ driven-by: FILE` | not a scenario: the project belongs to this file of `tests/integration` |
//!
//! # A step: one save, its outcome, and checks
//!
//! | directive | meaning |
//! |---|---|
//! | `//@ edit FILE: replace "A" with "B"` | `A` must stand once in the file (below the directives); begins a step |
//! | `//@ edit FILE: append "B"`, `prepend "B"` | at the end; at the beginning (below the directives) |
//! | `//@ write FILE from OTHER` | the file becomes a copy of another file of the project (kept in `edits/`) |
//! | `//@ delete FILE` | |
//! | `//@ edit+ …`, `write+ …`, `delete+ …` | belongs to the same save as the one before |
//! | `//@ save: in-place`, `atomic`, `recreate` | how the files are written, from this step on |
//! | `//@ expect: OUTCOME` | `patched`, `unchanged`, `restarted`, `refused`, `compile-error`; several with `or` |
//! | `//@ code: HP0101` | the reason's code; several with `or`. Not looked at when the outcome is `patched` |
//! | `//@ reason: TEXT` | the reason's message contains this. Not looked at when the outcome is `patched` |
//! | `//@ note: TEXT` | one of the notes contains this |
//! | `//@ function: NAME KIND` | the function (its path as shown, or the end of it) is listed, as `patched`, `new`, `static`, `refreshed` or `still-running` |
//! | `//@ only: NAME KIND, …` | exactly these functions are listed (those that are merely `refreshed` aside) |
//! | `//@ warm-only: WHY` | the checks hold for a patched program, not for one that is started with this source |
//!
//! The process is checked without being asked: the same one after everything but `restarted`, another one after that.
//!
//! # Checks: before the first step, and in each
//!
//! | directive | meaning |
//! |---|---|
//! | `//@ ask: REQUEST => ANSWER` | sends the line; the next line that the program prints is exactly this |
//! | `//@ ask: REQUEST =~ TEXT` | sends the line; the next line contains this |
//! | `//@ send: REQUEST` | sends the line |
//! | `//@ line: TEXT` | a line that was not yet looked at contains this, now or soon |
//! | `//@ not-line: TEXT` | no line since the save (or the last `send` or `ask`) contains this |
//! | `//@ stderr: TEXT` | the tool (or the program) has printed this to standard error since the save |
//! | `//@ warning: HP0002` | the tool has warned with this code |

use anyhow::{Context as _, Result, bail, ensure};
use libtest_mimic::Trial;

use crate::project::{Change, Edit, SaveMode};
use crate::support::trial;

const OUTCOMES: [&str; 5] = [
    "patched",
    "unchanged",
    "restarted",
    "refused",
    "compile-error",
];
const FUNCTION_KINDS: [&str; 5] = ["patched", "new", "static", "refreshed", "still-running"];

/// All that the directives of a project say.
#[derive(Debug, Default)]
pub(crate) struct Scenario {
    pub(crate) run_args: Vec<String>,
    pub(crate) tool_args: Vec<String>,
    pub(crate) program_args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) ready: String,
    pub(crate) ends_by_kill: bool,
    pub(crate) driven_by: Option<String>,
    /// The project that is the other half of this one's pair.
    pub(crate) pair: Option<String>,
    /// What is checked before the first save.
    pub(crate) opening: Vec<Check>,
    pub(crate) steps: Vec<Step>,
}

/// One save, and what must come of it.
#[derive(Debug)]
pub(crate) struct Step {
    /// Line of its first directive, from 1.
    pub(crate) line: usize,
    pub(crate) edits: Vec<Edit>,
    pub(crate) save_mode: SaveMode,
    /// The outcomes that are right.
    pub(crate) expect: Vec<String>,
    pub(crate) codes: Vec<String>,
    pub(crate) reasons: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) functions: Vec<(String, String)>,
    pub(crate) only: Option<Vec<(String, String)>>,
    pub(crate) warm_only: bool,
    pub(crate) checks: Vec<Check>,
}

/// Something that must be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Check {
    /// Request and exact answer.
    Ask(String, String),
    /// Request and a part of the answer.
    AskPart(String, String),
    Send(String),
    Line(String),
    NotLine(String),
    Stderr(String),
    Warning(String),
}

impl Scenario {
    /// Reads the directives at the top of `source`.
    pub(crate) fn parse(source: &str) -> Result<Self> {
        let mut scenario = Self {
            ready: "ready".to_owned(),
            ..Self::default()
        };
        let mut save_mode = SaveMode::default();
        let mut past_directives = false;
        for (index, line) in source.lines().enumerate() {
            let Some(directive) = line.strip_prefix("//@") else {
                past_directives = true;
                continue;
            };
            let number = index + 1;
            ensure!(
                !past_directives,
                "line {number}: directives stand above everything else"
            );
            scenario
                .directive(directive.trim(), number, &mut save_mode)
                .with_context(|| format!("line {number}: `{}`", line.trim()))?;
        }
        if scenario.driven_by.is_none() {
            ensure!(
                !scenario.steps.is_empty(),
                "no step: at least one `edit`, `write` or `delete` is needed"
            );
        }
        for step in &scenario.steps {
            ensure!(
                !step.expect.is_empty(),
                "line {}: the step has no `expect`",
                step.line
            );
        }
        Ok(scenario)
    }

    fn directive(
        &mut self,
        directive: &str,
        number: usize,
        save_mode: &mut SaveMode,
    ) -> Result<()> {
        let (word, rest) = directive.split_once([' ', ':']).unwrap_or((directive, ""));
        if let Some(edit) = parse_edit(word.trim_end_matches('+'), rest)? {
            return self.edit(edit, word.ends_with('+'), number, *save_mode);
        }
        let rest = rest.trim();
        if word != "why" {
            ensure!(!rest.is_empty(), "nothing stands behind the colon");
        }
        match word {
            "why" => {}
            "save" => {
                *save_mode = match rest {
                    "in-place" => SaveMode::InPlace,
                    "atomic" => SaveMode::Atomic,
                    "recreate" => SaveMode::Recreate,
                    other => bail!("`{other}` is no way to save: in-place, atomic, recreate"),
                }
            }
            "run-args" => self.opening_only()?.run_args = words(rest),
            "tool-args" => self.opening_only()?.tool_args = words(rest),
            "program-args" => self.opening_only()?.program_args = words(rest),
            "env" => {
                let (name, value) = rest.split_once('=').context("NAME=VALUE is wanted")?;
                self.opening_only()?
                    .env
                    .push((name.to_owned(), value.to_owned()));
            }
            "expect-line" => self.opening_only()?.ready = rest.to_owned(),
            "end" => {
                ensure!(rest == "kill", "only `kill` is known");
                self.ends_by_kill = true;
            }
            "pair" => {
                let scenario = self.opening_only()?;
                ensure!(scenario.pair.is_none(), "a project has one sibling");
                scenario.pair = Some(rest.to_owned());
            }
            "driven-by" => self.driven_by = Some(rest.to_owned()),
            "expect" => {
                let step = self.step()?;
                ensure!(step.expect.is_empty(), "the step has an `expect` already");
                step.expect = alternatives(rest);
                for outcome in &step.expect {
                    ensure!(
                        OUTCOMES.contains(&&**outcome),
                        "`{outcome}` is no outcome: {}",
                        OUTCOMES.join(", ")
                    );
                }
            }
            "code" => {
                let codes = alternatives(rest);
                for code in &codes {
                    known_code(code)?;
                }
                self.step()?.codes = codes;
            }
            "reason" => self.step()?.reasons.push(rest.to_owned()),
            "note" => self.step()?.notes.push(rest.to_owned()),
            "function" => {
                let function = parse_function(rest)?;
                self.step()?.functions.push(function);
            }
            "only" => {
                let functions = rest
                    .split(',')
                    .map(|function| parse_function(function.trim()))
                    .collect::<Result<_>>()?;
                self.step()?.only = Some(functions);
            }
            "warm-only" => self.step()?.warm_only = true,
            _ => {
                let check = parse_check(word, rest)?;
                self.checks()?.push(check);
            }
        }
        Ok(())
    }

    fn opening_only(&mut self) -> Result<&mut Self> {
        ensure!(
            self.steps.is_empty(),
            "this must stand before the first step"
        );
        Ok(self)
    }

    fn step(&mut self) -> Result<&mut Step> {
        self.steps
            .last_mut()
            .context("this must stand behind an edit")
    }

    fn checks(&mut self) -> Result<&mut Vec<Check>> {
        match self.steps.last_mut() {
            None => Ok(&mut self.opening),
            Some(step) => {
                ensure!(
                    !step.expect.is_empty(),
                    "a check must stand behind the step's `expect`"
                );
                Ok(&mut step.checks)
            }
        }
    }

    fn edit(
        &mut self,
        edit: Edit,
        same_save: bool,
        line: usize,
        save_mode: SaveMode,
    ) -> Result<()> {
        if same_save {
            let step = self.step()?;
            ensure!(
                step.expect.is_empty(),
                "an edit with `+` must stand before the step's `expect`"
            );
            step.edits.push(edit);
            return Ok(());
        }
        if let Some(step) = self.steps.last() {
            ensure!(
                !step.expect.is_empty(),
                "the step before has no `expect` (or was `edit+` meant?)"
            );
        }
        self.steps.push(Step {
            line,
            edits: vec![edit],
            save_mode,
            expect: Vec::new(),
            codes: Vec::new(),
            reasons: Vec::new(),
            notes: Vec::new(),
            functions: Vec::new(),
            only: None,
            warm_only: false,
            checks: Vec::new(),
        });
        Ok(())
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn alternatives(text: &str) -> Vec<String> {
    text.split(" or ")
        .map(|text| text.trim().to_owned())
        .collect()
}

fn known_code(code: &str) -> Result<()> {
    ensure!(
        cargo_hotpatch::codes::find(code).is_some(),
        "`{code}` is no code of the tool"
    );
    Ok(())
}

fn parse_function(text: &str) -> Result<(String, String)> {
    let (name, kind) = text
        .rsplit_once(' ')
        .context("a function's name and its kind are wanted")?;
    ensure!(
        FUNCTION_KINDS.contains(&kind),
        "`{kind}` is no kind of function: {}",
        FUNCTION_KINDS.join(", ")
    );
    Ok((name.trim().to_owned(), kind.to_owned()))
}

fn parse_check(word: &str, rest: &str) -> Result<Check> {
    let owned = rest.to_owned();
    Ok(match word {
        "ask" => match (rest.split_once(" => "), rest.split_once(" =~ ")) {
            (Some((request, answer)), _) => {
                Check::Ask(request.trim().to_owned(), answer.trim().to_owned())
            }
            (None, Some((request, part))) => {
                Check::AskPart(request.trim().to_owned(), part.trim().to_owned())
            }
            (None, None) => bail!("`REQUEST => ANSWER` or `REQUEST =~ TEXT` is wanted"),
        },
        "send" => Check::Send(owned),
        "line" => Check::Line(owned),
        "not-line" => Check::NotLine(owned),
        "stderr" => Check::Stderr(owned),
        "warning" => {
            known_code(rest)?;
            Check::Warning(owned)
        }
        _ => bail!("`{word}` is no directive"),
    })
}

/// `None` if `word` is none of the words that change a file.
fn parse_edit(word: &str, rest: &str) -> Result<Option<Edit>> {
    let rest = rest.trim();
    let (file, change) = match word {
        "edit" => {
            let (file, how) = rest.split_once(": ").context("`edit FILE: …` is wanted")?;
            let (verb, texts) = how
                .trim()
                .split_once(' ')
                .context("`replace`, `append` or `prepend` is wanted")?;
            let (first, left) = quoted(texts)?;
            let change = match verb {
                "replace" => {
                    let second = left
                        .trim_start()
                        .strip_prefix("with ")
                        .context("`with \"B\"` is wanted")?;
                    let (second, left) = quoted(second)?;
                    ensure!(left.trim().is_empty(), "`{left}` stands behind the end");
                    Change::Replace(first, second)
                }
                "append" | "prepend" => {
                    ensure!(left.trim().is_empty(), "`{left}` stands behind the end");
                    if verb == "append" {
                        Change::Append(first)
                    } else {
                        Change::Prepend(first)
                    }
                }
                other => bail!("`{other}` is no edit: replace, append, prepend"),
            };
            (file, change)
        }
        "write" => {
            let (file, source) = rest
                .split_once(" from ")
                .context("`write FILE from OTHER` is wanted")?;
            (file, Change::CopyOf(source.trim().to_owned()))
        }
        "delete" => (rest, Change::Delete),
        _ => return Ok(None),
    };
    let file = file.trim();
    ensure!(!file.is_empty(), "a file is wanted");
    Ok(Some(Edit {
        file: file.to_owned(),
        change,
    }))
}

/// A text in double quotes, and what stands behind it.
fn quoted(text: &str) -> Result<(String, &str)> {
    let inner = text
        .trim_start()
        .strip_prefix('"')
        .context("a text in double quotes is wanted")?;
    let mut out = String::new();
    let mut characters = inner.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Ok((out, &inner[index + 1..])),
            '\\' => match characters.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, escaped @ ('"' | '\\'))) => out.push(escaped),
                Some((_, other)) => bail!("`\\{other}` is not known: \\n, \\t, \\\", \\\\"),
                None => break,
            },
            other => out.push(other),
        }
    }
    bail!("the text in double quotes does not end")
}

/// Tests of the language itself: what is wrong must be found when it is read.
pub(crate) fn trials() -> Vec<Trial> {
    let good = trial("directives::a_whole_scenario_is_read", || {
        let scenario = Scenario::parse(
            "//@ why: a test\n//@ run-args: --release -p app\n//@ env: A=b=c\n//@ ask: tick => 1\n\
             //@ save: atomic\n//@ edit src/a.rs: replace \"x\\n\\\"y\" with \"z\"\n//@ delete+ src/b.rs\n\
             //@ expect: restarted or patched\n//@ code: HP0101 or HP0102\n//@ function: app::f<u8, u16> patched\n\
             //@ ask: tick =~ 2\n\nfn main() {}\n",
        )?;
        ensure!(scenario.run_args == ["--release", "-p", "app"]);
        ensure!(scenario.env == [("A".to_owned(), "b=c".to_owned())]);
        ensure!(scenario.opening == [Check::Ask("tick".to_owned(), "1".to_owned())]);
        let [step] = &*scenario.steps else {
            bail!("one step is wanted, found {}", scenario.steps.len())
        };
        let replace = Change::Replace("x\n\"y".to_owned(), "z".to_owned());
        ensure!(
            step.edits[0]
                == Edit {
                    file: "src/a.rs".to_owned(),
                    change: replace
                }
        );
        ensure!(
            step.edits[1]
                == Edit {
                    file: "src/b.rs".to_owned(),
                    change: Change::Delete
                }
        );
        ensure!(step.save_mode == SaveMode::Atomic);
        ensure!(step.expect == ["restarted", "patched"] && step.codes == ["HP0101", "HP0102"]);
        ensure!(step.functions == [("app::f<u8, u16>".to_owned(), "patched".to_owned())]);
        ensure!(step.checks == [Check::AskPart("tick".to_owned(), "2".to_owned())]);
        Ok(())
    });
    let bad = [
        ("nothing", "fn main() {}", "no step"),
        ("an_unknown_word", "//@ expcet: patched", "is no directive"),
        (
            "an_edit_without_outcome",
            "//@ delete a.rs",
            "has no `expect`",
        ),
        (
            "two_edits_without_outcome",
            "//@ delete a.rs\n//@ delete b.rs\n//@ expect: patched",
            "edit+",
        ),
        (
            "an_unknown_outcome",
            "//@ delete a.rs\n//@ expect: pached",
            "is no outcome",
        ),
        (
            "an_unknown_code",
            "//@ delete a.rs\n//@ expect: restarted\n//@ code: HP9999",
            "is no code",
        ),
        (
            "an_unknown_kind",
            "//@ delete a.rs\n//@ expect: patched\n//@ function: f old",
            "is no kind",
        ),
        (
            "an_open_quote",
            "//@ edit a.rs: replace \"a with b",
            "does not end",
        ),
        (
            "a_missing_with",
            "//@ edit a.rs: replace \"a\" \"b\"",
            "with",
        ),
        (
            "an_unknown_escape",
            "//@ edit a.rs: append \"\\x\"",
            "is not known",
        ),
        (
            "a_late_setting",
            "//@ delete a.rs\n//@ expect: patched\n//@ env: A=b",
            "before the first step",
        ),
        (
            "an_outcome_without_edit",
            "//@ expect: patched",
            "behind an edit",
        ),
        (
            "an_early_check",
            "//@ delete a.rs\n//@ ask: a => b\n//@ expect: patched",
            "behind the step's `expect`",
        ),
        (
            "a_second_sibling",
            "//@ pair: a\n//@ pair: b",
            "has one sibling",
        ),
        ("an_ask_without_answer", "//@ ask: tick", "is wanted"),
        (
            "a_late_directive",
            "fn main() {}\n//@ delete a.rs",
            "above everything else",
        ),
    ];
    let bad = bad.into_iter().map(|(name, source, complaint)| {
        trial(format!("directives::{name}_is_found"), move || {
            let Err(error) = Scenario::parse(source) else {
                bail!("no error for {source:?}")
            };
            let error = format!("{error:#}");
            ensure!(
                error.contains(complaint),
                "the error must say `{complaint}`, and says `{error}`"
            );
            Ok(())
        })
    });
    std::iter::once(good).chain(bad).collect()
}
