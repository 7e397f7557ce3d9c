//! Whether an `async` body that is made once has certainly passed a call, so that the call is not made again.
//!
//! The body is one that the program's `main` makes (`#[tokio::main]`), so nobody makes it anew. It is known to have passed the call
//! if all of this holds; what cannot be told is taken not to:
//!
//! - Only the first state of the body leads to the call. Where its jump table leads otherwise, the call is not made.
//! - `main` has made one such body and hands it on: it stands behind that call, no loop leads there, and nothing that `main` may
//!   still call leads to the body.
//! - The body has begun: it has a frame, or a function that polls it stands where it can only be once the body was polled. Every
//!   way from its start to that place leads through a call of the body, or of a function that calls the body before it returns.

use std::collections::{HashMap, HashSet};

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind};

use super::frames::{Body, Tables, is_call};

/// A function in memory.
#[derive(Debug, Clone)]
pub(super) struct Function {
    /// Where its code begins.
    pub(super) start: u64,
    pub(super) code: Vec<u8>,
    /// By what it is called: its slot, or its code.
    pub(super) address: u64,
}

/// What is known of a body and of the program.
pub(super) struct Asked<'a> {
    pub(super) body: &'a Function,
    pub(super) main: &'a Function,
    /// Functions that lead to the body, `main` aside.
    pub(super) polling: &'a [Function],
    /// By what those are called that lead to the function in question, itself included.
    pub(super) inner: &'a HashSet<u64>,
    /// The frames of `main`'s stack: an address inside of where each stands, and where it goes on.
    pub(super) frames: &'a [(u64, u64)],
    /// The word at an address of the program.
    pub(super) word: &'a dyn Fn(u64) -> Option<u64>,
}

/// A function that was decoded.
struct Decoded<'a> {
    function: &'a Function,
    instructions: Vec<Instruction>,
    word: &'a dyn Fn(u64) -> Option<u64>,
}

impl<'a> Decoded<'a> {
    fn of(function: &'a Function, word: &'a dyn Fn(u64) -> Option<u64>) -> Self {
        let body = Body {
            start: function.start,
            code: &function.code,
        };
        Self {
            function,
            instructions: body.instructions().collect(),
            word,
        }
    }

    fn body(&self) -> Body<'_> {
        Body {
            start: self.function.start,
            code: &self.function.code,
        }
    }

    fn tables(&self) -> Tables<'_> {
        Tables {
            instructions: &self.instructions,
            word: self.word,
        }
    }

    fn has(&self, address: u64) -> bool {
        let length = self.function.code.len() as u64;
        (self.function.start..self.function.start + length).contains(&address)
    }

    /// True if the instruction names one of these addresses.
    fn names(&self, instruction: &Instruction, addresses: &HashSet<u64>) -> bool {
        let body = self.body();
        let mut named = body.leads_out(instruction, self.word);
        named.any(|address| addresses.contains(&address))
    }

    /// True for a call of one of these addresses, through a register that was loaded just before as well.
    fn calls(&self, instruction: &Instruction, addresses: &HashSet<u64>) -> bool {
        if !is_call(instruction) {
            return false;
        }
        let loaded = || {
            let at = self
                .instructions
                .binary_search_by_key(&instruction.ip(), Instruction::ip);
            let before = self.instructions.get(at.ok()?.checked_sub(1)?)?;
            let is_that = instruction.op0_kind() == OpKind::Register
                && before.op0_kind() == OpKind::Register
                && before.op0_register() == instruction.op0_register();
            is_that.then_some(before)
        };
        self.names(instruction, addresses)
            || loaded().is_some_and(|before| self.names(before, addresses))
    }

    /// The instructions that are reached from the start without a call of these.
    fn without(&self, calls: &HashSet<u64>) -> super::frames::Reached {
        let start = std::iter::once(self.function.start);
        self.body()
            .reached_before(start, &self.tables(), &|one| self.calls(one, calls))
    }

    /// What a panic alone leads to, if no branch comes back from there. (Behind what resumes a panic, other code begins.)
    fn on_panic(&self) -> Option<Vec<&Instruction>> {
        let usual = self.without(&HashSet::new());
        let rest: Vec<&Instruction> = self
            .instructions
            .iter()
            .filter(|instruction| !usual.addresses.contains(&instruction.ip()))
            .collect();
        let comes_back = |one: &&Instruction| {
            let target = one.near_branch_target();
            let leads_to = || self.body().at(target).map(|one| one.mnemonic());
            !is_call(one) && usual.addresses.contains(&target) && leads_to() != Some(Mnemonic::Ud2)
        };
        (usual.is_whole && !rest.iter().any(comes_back)).then_some(rest)
    }
}

/// See the module's documentation.
pub(super) fn has_passed(asked: &Asked<'_>) -> bool {
    let body = Decoded::of(asked.body, asked.word);
    let main = Decoded::of(asked.main, asked.word);
    is_only_called_first(&body, asked.inner) && makes_one(&main, asked) && has_begun(asked)
}

/// Where the body goes on in its first state, and in all others. It goes by a table, or where it has few, asks for the first at first.
fn by_state(body: &Decoded<'_>) -> Option<(u64, Vec<u64>)> {
    // Nothing comes before that but what loads the state.
    let mut instructions = body.instructions.iter();
    let position = instructions.position(|one| one.flow_control() != FlowControl::Next)?;
    let jump = &body.instructions[position];
    if let FlowControl::ConditionalBranch = jump.flow_control() {
        let test = body.instructions.get(position.checked_sub(1)?)?;
        let is_zero = test.mnemonic() == Mnemonic::Test
            && test.op0_register() == test.op1_register()
            && test.op0_register().is_gpr32();
        let (target, next) = (jump.near_branch_target(), jump.next_ip());
        return match jump.mnemonic() {
            Mnemonic::Je if is_zero => Some((target, vec![next])),
            Mnemonic::Jne if is_zero => Some((next, vec![target])),
            _ => None,
        };
    }
    let within = body.function.start..body.function.start + body.function.code.len() as u64;
    let targets = body.tables().targets(jump, &within)?;
    let (first, others) = targets.split_first()?;
    let others = others.iter().copied().filter(|target| target != first);
    Some((*first, others.collect()))
}

/// Only the first state of the body leads to a call of `inner`.
fn is_only_called_first(body: &Decoded<'_>, inner: &HashSet<u64>) -> bool {
    let Some((first, others)) = by_state(body) else {
        return false;
    };
    let tables = body.tables();
    let never = |_: &Instruction| false;
    let reached = |places: &[u64]| {
        let places = places.iter().copied();
        body.body().reached_before(places, &tables, &never)
    };
    let (at_first, later) = (reached(&[first]), reached(&others));
    // What neither reaches is what a panic leads to.
    let mut naming = body
        .instructions
        .iter()
        .filter(|one| body.names(one, inner));
    at_first.is_whole
        && later.is_whole
        && naming.all(|one| {
            at_first.addresses.contains(&one.ip()) && !later.addresses.contains(&one.ip())
        })
}

/// `main` stands behind its only call that leads to the body.
fn makes_one(main: &Decoded<'_>, asked: &Asked<'_>) -> bool {
    let mut standing = asked.frames.iter().filter(|(inside, _)| main.has(*inside));
    let (Some((_, next)), None) = (standing.next(), standing.next()) else {
        return false;
    };
    let leading: HashSet<u64> = std::iter::once(asked.body)
        .chain(asked.polling)
        .flat_map(|function| [function.address, function.start])
        .collect();
    let call = main.instructions.iter().find(|one| one.next_ip() == *next);
    let Some(call) = call.filter(|call| main.calls(call, &leading)) else {
        return false;
    };
    let behind = std::iter::once(*next);
    let ahead = main
        .body()
        .reached_before(behind, &main.tables(), &|_| false);
    let Some(on_panic) = main.on_panic() else {
        return false;
    };
    let others = |instruction: &&Instruction| main.names(instruction, &leading);
    let is_end = |one: &Instruction| one.ip() == call.ip();
    let from = |place: u64| {
        let place = std::iter::once(place);
        main.body().reached_before(place, &main.tables(), &is_end)
    };
    // A jump back lies in a loop if it is reached from where it leads.
    let before = from(main.function.start);
    let is_loop = |one: &Instruction| {
        let target = one.near_branch_target();
        let is_back = target <= one.ip() && !is_call(one) && before.addresses.contains(&target);
        is_back && from(target).addresses.contains(&one.ip())
    };
    let mut first = main
        .instructions
        .iter()
        .filter(|one| before.addresses.contains(&one.ip()));
    let in_loop = !before.is_whole || first.any(is_loop);
    ahead.is_whole
        && !in_loop
        && !ahead.addresses.contains(&call.ip())
        && !on_panic.into_iter().any(|one| others(&one))
        && !main
            .instructions
            .iter()
            .filter(|one| ahead.addresses.contains(&one.ip()))
            .any(|one| others(&one))
}

/// A frame shows that the body was polled.
fn has_begun(asked: &Asked<'_>) -> bool {
    let body = Decoded::of(asked.body, asked.word);
    if asked.frames.iter().any(|(inside, _)| body.has(*inside)) {
        return true;
    }
    let polling: Vec<Decoded<'_>> = asked
        .polling
        .iter()
        .map(|function| Decoded::of(function, asked.word))
        .collect();
    let mut polls: HashSet<u64> = HashSet::from([asked.body.address, asked.body.start]);
    // Functions that call the body before they return.
    loop {
        let known = polls.len();
        for one in &polling {
            if !polls.contains(&one.function.start) {
                let without = one.without(&polls);
                if without.is_whole && !without.leaves {
                    polls.extend([one.function.address, one.function.start]);
                }
            }
        }
        if polls.len() == known {
            break;
        }
    }
    let by_start: HashMap<u64, &Decoded<'_>> = polling
        .iter()
        .map(|one| (one.function.start, one))
        .collect();
    asked.frames.iter().any(|(inside, next)| {
        let mut standing = by_start.values().filter(|one| one.has(*inside));
        standing.any(|one| {
            let (all, without) = (one.without(&HashSet::new()), one.without(&polls));
            all.addresses.contains(next)
                && without.is_whole
                && !without.addresses.contains(next)
                && one.on_panic().is_some()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: u64 = 0x1000;
    const POLLS: u64 = 0x2000;
    const BODY: u64 = 0x3000;
    const PAGE: u64 = 0x4000;
    const WAITS: u64 = 0x5000;
    const RETURN: [u8; 1] = [0xc3];
    /// A jump to itself, that many bytes behind its beginning.
    const BACK: u8 = 0xeb;

    fn call_of(callee: u64, at: u64) -> Vec<u8> {
        let distance = i32::try_from(callee.cast_signed() - (at + 5).cast_signed());
        [&[0xe8][..], &distance.expect("near").to_le_bytes()].concat()
    }

    fn function(start: u64, code: &[&[u8]]) -> Function {
        Function {
            start,
            code: code.concat(),
            address: start,
        }
    }

    /// movzx eax, byte [rdi + 5]; test eax, eax; je to `first`, behind `others`.
    fn body(others: &[u8], first: &[u8]) -> Function {
        let test = [0x0f, 0xb6, 0x47, 0x05, 0x85, 0xc0, 0x74];
        let length = u8::try_from(others.len()).expect("few bytes");
        function(BODY, &[&test, &[length], others, first, &RETURN])
    }

    fn asks(
        (main, behind): (&Function, u64),
        polls: &Function,
        body: &Function,
        next: u64,
    ) -> bool {
        has_passed(&Asked {
            body,
            main,
            polling: std::slice::from_ref(polls),
            inner: &HashSet::from([PAGE]),
            frames: &[(MAIN + behind - 1, MAIN + behind), (next - 1, next)],
            word: &|_| None,
        })
    }

    #[test]
    fn only_what_is_certain_has_passed() {
        let once = function(MAIN, &[&call_of(POLLS, MAIN), &RETURN]);
        // Waits, polls, waits, and begins again with the poll.
        let polls = function(
            POLLS,
            &[
                &call_of(WAITS, POLLS),
                &call_of(BODY, POLLS + 5),
                &call_of(WAITS, POLLS + 10),
                &[BACK, 0xf4],
            ],
        );
        let first = body(&RETURN, &call_of(PAGE, BODY + 9));
        assert!(asks((&once, 5), &polls, &first, POLLS + 15));
        assert!(
            !asks((&once, 5), &polls, &first, POLLS + 5),
            "not polled yet"
        );

        let later = body(&[&call_of(PAGE, BODY + 8)[..], &RETURN].concat(), &RETURN);
        assert!(
            !asks((&once, 5), &polls, &later, POLLS + 15),
            "a later state calls it"
        );

        let again = function(MAIN, &[&call_of(POLLS, MAIN), &[BACK, 0xf9]]);
        assert!(
            !asks((&again, 5), &polls, &first, POLLS + 15),
            "`main` makes another"
        );
        let before = function(
            MAIN,
            &[
                &[0x90, 0x90, 0x74, 0xfc],
                &call_of(POLLS, MAIN + 4),
                &RETURN,
            ],
        );
        assert!(
            !asks((&before, 9), &polls, &first, POLLS + 15),
            "it may have made several"
        );

        // A way around the poll: test eax, eax; je behind it.
        let around = function(
            POLLS,
            &[
                &[0x85, 0xc0, 0x74, 0x05],
                &call_of(BODY, POLLS + 4),
                &call_of(WAITS, POLLS + 9),
                &RETURN,
            ],
        );
        assert!(
            !asks((&once, 5), &around, &first, POLLS + 14),
            "it may have gone around"
        );
    }
}
