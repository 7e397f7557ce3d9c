//! A stack that is deep enough for a text.
//!
//! To parse tokens into a syntax tree, to visit it and to drop it goes one level down with each bracket, and with each operator of a
//! chain: the compiler grows its stack meanwhile, and a text that it compiles must not end this tool. So the levels are counted first,
//! and where they are many, the work is done on a thread with as much stack as they need.

use super::cut::Lexer;
use crate::guard;

/// How many levels the stack of any thread has room for.
const ORDINARY: usize = 150;
/// More than these no text of people or programs has, and the compiler's own stack holds much less.
const MOST: usize = 100_000;
/// What one level takes in a build without optimisation: measured at most, doubled.
const BYTES_OF_LEVEL: usize = 10 << 10;
/// A bracket takes as many levels as this: an expression in parentheses goes through each kind of expression.
const LEVELS_OF_BRACKET: usize = 4;

/// Does `work`, which recurses into `text`, on a stack that is deep enough. `None` when the text nests too deep for any, or the
/// system has no memory for one: then nothing is known of the text.
pub(crate) fn on_stack_for<T: Send>(text: &str, work: impl FnOnce() -> T + Send) -> Option<T> {
    let levels = levels(text);
    if levels <= ORDINARY {
        return Some(work());
    }
    if levels > MOST {
        return None;
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("source".to_owned())
            .stack_size(levels * BYTES_OF_LEVEL + (2 << 20))
            .spawn_scoped(scope, || guard::catch("source", work))
            .ok()?;
        match thread.join() {
            Ok(Ok(done)) => Some(done),
            Ok(Err(panicked)) => guard::pass_on(panicked),
            Err(payload) => std::panic::resume_unwind(payload),
        }
    })
}

/// At most how many levels a syntax tree of this text has. Each token that is neither behind a `;` nor behind a `,` may be one more
/// level than the token before it (`!!!x`, `a + b + c`, `if … else if …`), and so may each bracket than what it stands in.
fn levels(text: &str) -> usize {
    let mut lexer = Lexer::new(text);
    lexer.skip_script_line();
    // Of each open bracket, the levels in front of it.
    let mut around: Vec<usize> = Vec::new();
    let (mut here, mut most) = (0_usize, 0_usize);
    // The last token may have ended an item or a statement.
    let mut has_ended = false;
    while let Some(byte) = lexer.peek() {
        if byte.is_ascii_whitespace() {
            lexer.pass();
            continue;
        }
        match (byte == b'/').then(|| lexer.skip_comment()) {
            Some(Some(true)) => continue,
            // What is not closed is no syntax tree either.
            Some(None) => break,
            Some(Some(false)) | None => {}
        }
        if has_ended && lexer.begins_item() {
            here = around.last().map_or(0, |before| before + LEVELS_OF_BRACKET);
        }
        has_ended = byte == b'}';
        match byte {
            b'(' | b'[' | b'{' => {
                lexer.pass();
                around.push(here);
                here += LEVELS_OF_BRACKET;
            }
            b')' | b']' | b'}' => {
                lexer.pass();
                // What follows upon a bracket may go on with it: `f()()`, `if … {} else if … {}`.
                here = around.pop().unwrap_or_default() + 1;
            }
            b';' | b',' => {
                lexer.pass();
                here = around.last().map_or(0, |before| before + LEVELS_OF_BRACKET);
            }
            _ => {
                if lexer.skip_token().is_none() {
                    break;
                }
                here += 1;
            }
        }
        most = most.max(here);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_counted_from_brackets_and_chains() {
        assert_eq!(levels("a; b; c"), 1);
        assert_eq!(levels("f(a, b, c)"), 1 + LEVELS_OF_BRACKET + 1);
        assert_eq!(levels("/* (((( */ \"((((\" '(' // (((("), 2);
        assert_eq!(levels(&"(".repeat(10)), 10 * LEVELS_OF_BRACKET);
        assert_eq!(levels(&format!("{}x", "!".repeat(10))), 11);
        // Items one after the other are no chain.
        assert!(levels(&"fn f() { g(1); }\n".repeat(1000)) < 20);
    }

    #[test]
    fn what_is_too_deep_is_not_looked_at() {
        let deep = "(".repeat(MOST);
        assert_eq!(on_stack_for(&deep, || ()), None);
    }
}
