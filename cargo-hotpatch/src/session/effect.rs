//! Could anybody ever see the edit? A function that runs goes on in its old code, and new versions that get a place of their own are
//! reached through the functions that lead to them. If each of those has been called for the last time, the edit would be reported
//! as done and change nothing.
//!
//! A function may be entered again if its address is kept somewhere, or if something calls it that may itself be entered
//! again, or that is running and can still come to the call. Only what is certain not to be entered again counts: what
//! cannot be told is taken to have an effect.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use anyhow::Result;
use iced_x86::{Decoder, DecoderOptions, FlowControl, OpKind};

use super::decide::{Environment, Replacement};
use crate::codes::{self, Reason};
use crate::link::plan::pretty;
use crate::link::{Live, OldNames, Store};
use crate::object::address::RunAddr;
use crate::object::reloc::is_call;
use crate::object::target::{Target, is_mangled};
use crate::process::stacks::{self, Look, Stacks};

/// What the C runtime calls: rustc writes it, around the program's `main`.
const ENTRY: &str = "main";

/// Who calls whom in the new build.
#[derive(Debug, Default)]
struct Callers {
    /// By callee.
    calls: HashMap<String, BTreeSet<String>>,
    /// Functions whose address is taken, in code or in data.
    taken: HashSet<String>,
}

impl Callers {
    /// Reads all objects of the workspace.
    ///
    /// # Errors
    /// When an object cannot be read.
    fn read(store: &mut Store<'_>) -> Result<Self> {
        store.read_workspace()?;
        let mut callers = Self::default();
        for index in 0..store.len() {
            let stored = store.object(index);
            if !stored.is_workspace {
                continue;
            }
            let functions: HashMap<usize, &str> = stored
                .file
                .functions()
                .map(|(symbol, section)| (section, stored.file.symbols[symbol].name))
                .collect();
            for (section_index, section) in stored.file.sections.iter().enumerate() {
                if !section.is_allocated() || section.name.starts_with(".eh_frame") {
                    continue;
                }
                for relocation in stored.file.relocations(section_index)? {
                    let Target::Named { symbol, .. } =
                        stored.symbols.target(&stored.file, &relocation)
                    else {
                        continue;
                    };
                    let callee = stored.file.symbols[symbol].name;
                    match functions.get(&section_index) {
                        Some(caller)
                            if is_call(section.data, relocation.offset, relocation.kind) =>
                        {
                            let known = callers.calls.entry(callee.to_owned()).or_default();
                            known.insert((*caller).to_owned());
                        }
                        // It gives the address of the program's own to the runtime, once.
                        Some(&ENTRY) => {}
                        _ => {
                            callers.taken.insert(callee.to_owned());
                        }
                    }
                }
            }
        }
        Ok(callers)
    }
}

/// A function that has frames on some stack.
#[derive(Debug, Clone)]
struct RunningFunction {
    /// Its code, and where that is (run address).
    code: (u64, Vec<u8>),
    /// Where its frames go on.
    places: BTreeSet<u64>,
}

/// What is asked of the running program.
trait RunningCode {
    /// Each version of the function of this symbol that has a frame; none if it certainly has none.
    ///
    /// # Errors
    /// When the program cannot be asked.
    fn running(&self, symbol: &str) -> Result<Vec<RunningFunction>>;
    /// Where calls of the function of this symbol go to.
    fn slot(&self, symbol: &str) -> Option<u64>;
    /// Reads an address out of the program's memory.
    fn word(&self, address: u64) -> Option<u64>;
}

/// True unless it is certain that none of `roots` will be entered again. `main` is the symbol of the program's `main`.
///
/// # Errors
/// When the program cannot be asked.
fn may_be_entered(
    roots: &[&str],
    main: &dyn Fn(&str) -> bool,
    callers: &Callers,
    program: &dyn RunningCode,
) -> Result<bool> {
    let mut known = HashSet::new();
    for root in roots {
        if enters(root, main, callers, program, &mut known)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn enters(
    function: &str,
    main: &dyn Fn(&str) -> bool,
    callers: &Callers,
    program: &dyn RunningCode,
    known: &mut HashSet<String>,
) -> Result<bool> {
    // A circle of calls enters itself only if something else enters it.
    if !known.insert(function.to_owned()) {
        return Ok(false);
    }
    if callers.taken.contains(function) || !is_mangled(function) {
        return Ok(true);
    }
    let Some(calling) = callers.calls.get(function) else {
        // Only of `main` is it known that nobody else calls it.
        return Ok(!main(function));
    };
    for caller in calling {
        if enters(caller, main, callers, program, known)? {
            return Ok(true);
        }
        let versions = program.running(caller)?;
        if versions
            .iter()
            .any(|running| comes_to_call(running, program.slot(function), program))
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// True if a frame of the function may still come to a call of `slot`.
fn comes_to_call(running: &RunningFunction, slot: Option<u64>, program: &dyn RunningCode) -> bool {
    let Some(slot) = slot else {
        return true;
    };
    let (start, code) = (running.code.0, &running.code.1);
    let end = start + code.len() as u64;
    let mut left: Vec<u64> = running.places.iter().copied().collect();
    let mut seen = HashSet::new();
    while let Some(address) = left.pop() {
        // A frame that never returns there may stand at the very end.
        if address == end || !seen.insert(address) {
            continue;
        }
        let Some(bytes) = address
            .checked_sub(start)
            .and_then(|offset| code.get(usize::try_from(offset).ok()?..))
        else {
            return true;
        };
        let mut decoder = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE);
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            return true;
        }
        let near = instruction.op_count() == 1 && instruction.op0_kind() == OpKind::NearBranch64;
        match instruction.flow_control() {
            FlowControl::Next => left.push(instruction.next_ip()),
            FlowControl::Call if near => {
                if instruction.near_branch_target() == slot {
                    return true;
                }
                left.push(instruction.next_ip());
            }
            FlowControl::IndirectCall => {
                // Through a register or a vtable: the function's address was taken for that, which was looked at before.
                if instruction.is_ip_rel_memory_operand()
                    && program
                        .word(instruction.ip_rel_memory_address())
                        .is_none_or(|target| target == slot)
                {
                    return true;
                }
                left.push(instruction.next_ip());
            }
            FlowControl::ConditionalBranch if near => {
                left.push(instruction.near_branch_target());
                left.push(instruction.next_ip());
            }
            FlowControl::UnconditionalBranch if near => {
                let target = instruction.near_branch_target();
                if target == slot {
                    return true;
                }
                if (start..end).contains(&target) {
                    left.push(target);
                }
            }
            FlowControl::Return | FlowControl::Exception => {}
            // A jump table, or something rarer.
            _ => return true,
        }
    }
    false
}

/// Why the edit would change nothing, if that is certain: see the module's documentation. It is asked where it is likely: of new
/// versions that have a place of their own (another signature, a version cut), and of functions that all run at this moment.
pub(super) fn no_effect(
    live: &Live,
    stacks: &Stacks,
    decided: &mut Replacement<'_>,
    context: &Environment<'_>,
) -> Result<Option<Reason>> {
    let roots: Vec<&str> = decided
        .replacements
        .iter()
        .map(|(_, new)| new.key.name.as_str())
        .filter(|name| !decided.refreshed.contains(*name))
        .collect();
    let main = format!("{}::main", context.executable);
    let is_main = |symbol: &str| pretty(symbol) == main;
    let program = RunningSide {
        live,
        stacks,
        look: OnceCell::new(),
        names: &decided.names,
    };
    // Whatever reads it sees the new value of a static that keeps its place, in old frames too.
    if !decided.difference.rewritten.is_empty() {
        return Ok(None);
    }
    if decided.cut.is_none() && decided.renewed.is_empty() {
        // What reads another constant is not asked for.
        if roots.is_empty() || !decided.difference.changed_constants.is_empty() {
            return Ok(None);
        }
        for root in &roots {
            if !is_main(root) && program.running(root)?.is_empty() {
                return Ok(None);
            }
        }
    }
    let callers = Callers::read(&mut decided.store)?;
    if may_be_entered(&roots, &is_main, &callers, &program)? {
        return Ok(None);
    }
    let mut leading: Vec<String> = roots
        .iter()
        .map(|name| format!("`{}`", pretty(name)))
        .collect();
    leading.sort();
    leading.dedup();
    let leading = leading.join(", ");
    let what = match decided.renewed.first() {
        Some(renewed) => format!("the signature of `{}` changed; ", pretty(&renewed.key.name)),
        None if decided.cut.is_some() => format!("{}; ", decided.notes.join("; ")),
        None => {
            return Ok(Some(Reason::new(
                &codes::NO_EFFECT,
                format!("{leading} runs, in the code of before, and nothing will call it again"),
            )));
        }
    };
    Ok(Some(Reason::new(
        &codes::NO_EFFECT,
        format!(
            "{what}only {leading} would lead to the new code, and nothing that runs will call it again"
        ),
    )))
}

/// The running program, as the search for an effect sees it.
struct RunningSide<'r> {
    live: &'r Live,
    stacks: &'r Stacks,
    /// One for all functions that are asked for, made when the first one is.
    look: OnceCell<Look>,
    names: &'r OldNames,
}

impl RunningSide<'_> {
    fn look(&self) -> Result<&Look> {
        match self.look.get() {
            Some(look) => Ok(look),
            None => {
                let look = self.stacks.look()?;
                Ok(self.look.get_or_init(|| look))
            }
        }
    }

    fn slot_of(&self, symbol: &str) -> Option<RunAddr> {
        let (old, _) = self.names.old_function(symbol, None)?;
        match self.live.function(old, "") {
            Ok(Some(callable)) => Some(callable.address()),
            _ => None,
        }
    }
}

impl RunningCode for RunningSide<'_> {
    fn running(&self, symbol: &str) -> Result<Vec<RunningFunction>> {
        let Some(slot) = self.slot_of(symbol) else {
            return Ok(Vec::new());
        };
        let bodies: Vec<(Range<u64>, String)> = self
            .live
            .all_bodies(slot)
            .enumerate()
            .map(|(age, body)| (body.start.0..body.end.0, age.to_string()))
            .collect();
        if bodies.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.look()?.still_running(&bodies);
        let mut running = Vec::new();
        for (range, age) in bodies {
            let places: BTreeSet<u64> = found
                .iter()
                .filter(|one| one.function == age)
                .flat_map(|one| one.places.iter().copied())
                .collect();
            if !places.is_empty() {
                let length = usize::try_from(range.end - range.start)?;
                let code = stacks::read_bytes(self.stacks.process(), range.start, length)?;
                running.push(RunningFunction {
                    code: (range.start, code),
                    places,
                });
            }
        }
        Ok(running)
    }

    fn slot(&self, symbol: &str) -> Option<u64> {
        self.slot_of(symbol).map(|slot| slot.0)
    }

    fn word(&self, address: u64) -> Option<u64> {
        let bytes = stacks::read_bytes(self.stacks.process(), address, 8).ok()?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Program(Option<RunningFunction>);

    impl RunningCode for Program {
        fn running(&self, _: &str) -> Result<Vec<RunningFunction>> {
            Ok(self.0.clone().into_iter().collect())
        }
        fn slot(&self, _: &str) -> Option<u64> {
            Some(0x2000)
        }
        fn word(&self, _: u64) -> Option<u64> {
            None
        }
    }

    /// `main`: call 0x2000 (at 0x1000); nop; jmp to the nop.
    fn main_at(place: u64) -> Program {
        let mut code = vec![0xe8];
        code.extend_from_slice(&(0x2000_i32 - 0x1005).to_le_bytes());
        code.extend_from_slice(&[0x90, 0xeb, 0xfd]);
        Program(Some(RunningFunction {
            code: (0x1000, code),
            places: BTreeSet::from([place]),
        }))
    }

    fn callers(pairs: &[(&str, &str)], taken: &[&str]) -> Callers {
        let mut callers = Callers::default();
        for (caller, callee) in pairs {
            callers
                .calls
                .entry((*callee).to_owned())
                .or_default()
                .insert((*caller).to_owned());
        }
        callers.taken = taken.iter().map(ToString::to_string).collect();
        callers
    }

    fn enters_again(root: &str, callers: &Callers, program: &Program) -> bool {
        may_be_entered(&[root], &|name| name == "_Rmain", callers, program).expect("an answer")
    }

    #[test]
    fn a_call_that_lies_behind_is_not_made_again() {
        let calls = callers(&[("_Rmain", "_Rmake")], &[]);
        assert!(!enters_again("_Rmake", &calls, &main_at(0x1005)));
        assert!(enters_again("_Rmake", &calls, &main_at(0x1000)));
        // `main` itself is not entered again, unless somebody calls it or may do so.
        assert!(!enters_again("_Rmain", &calls, &main_at(0x1000)));
        let calls = callers(&[("_Rmain", "_Rmake"), ("exported", "_Rmain")], &[]);
        assert!(enters_again("_Rmain", &calls, &main_at(0x1000)));
        let calls = callers(&[("_Rmain", "_Rmake")], &["_Rmain"]);
        assert!(enters_again("_Rmain", &calls, &main_at(0x1000)));
    }

    #[test]
    fn callers_of_callers_count() {
        let calls = callers(
            &[("_Rmain", "_Ra"), ("_Ra", "_Rmake"), ("_Rmake", "_Rmake")],
            &[],
        );
        assert!(!enters_again("_Rmake", &calls, &Program(None)));
        assert!(enters_again("_Ra", &calls, &main_at(0x1000)));
    }

    #[test]
    fn an_address_that_was_taken_may_be_called_by_anyone() {
        let calls = callers(&[("_Rmain", "_Rmake")], &["_Rmake"]);
        assert!(enters_again("_Rmake", &calls, &main_at(0x1005)));
        assert!(enters_again("exported", &calls, &Program(None)));
        assert!(enters_again("_Runknown", &calls, &Program(None)));
    }
}
