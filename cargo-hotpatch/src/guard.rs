//! A panic of the tool never ends in silence.
//!
//! Every thread of a session runs under [`spawn`], and every piece of work that somebody waits for under [`catch`]. A panic becomes a
//! [`Panicked`], which is a reason like any other: whoever waits gets an outcome, and the text asks for a report. Nothing is printed
//! by the panic itself, since the program may have taken the terminal over.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::{Builder, JoinHandle};

use crate::codes::{self, Reason};

/// A panic that was caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panicked {
    /// What was being done.
    work: String,
    /// What the panic said.
    message: String,
    /// File, line and column of it, where known.
    place: Option<String>,
}

impl Panicked {
    fn new(work: &str, payload: Box<dyn Any + Send>) -> Self {
        let place = PLACE.with(RefCell::take);
        let payload = match payload.downcast::<Self>() {
            // It was caught on another thread, and passed on.
            Ok(panicked) => return *panicked,
            Err(payload) => payload,
        };
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned());
        Self {
            work: work.to_owned(),
            message,
            place,
        }
    }

    /// The reason that an outcome or a warning gives: it names the defect, and asks for a report.
    #[must_use]
    pub fn reason(&self) -> Reason {
        let place = self.place.as_deref().unwrap_or("place unknown");
        Reason::new(
            &codes::INTERNAL,
            format!(
                "defect of cargo-hotpatch {} in `{}`: {} ({place}); please report this line at {}/issues",
                env!("CARGO_PKG_VERSION"),
                self.work,
                self.message,
                env!("CARGO_PKG_REPOSITORY"),
            ),
        )
    }
}

thread_local! {
    /// How many calls of [`catch`] this thread is in.
    static GUARDS: Cell<u32> = const { Cell::new(0) };
    /// Where the last panic under one of them was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Takes note of where a guarded panic is, and prints nothing. Others are printed as ever.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if GUARDS.with(Cell::get) == 0 {
                return default(info);
            }
            let place = info.location().map(ToString::to_string);
            PLACE.with(|noted| *noted.borrow_mut() = place);
        }));
    });
}

/// Does `work`, which the text of a panic calls by this name.
///
/// What a panic left half done must not be used any more, unless it is whole at every moment.
///
/// # Errors
/// When it panicked.
pub fn catch<T>(name: &str, work: impl FnOnce() -> T) -> Result<T, Panicked> {
    install_hook();
    GUARDS.with(|guards| guards.set(guards.get() + 1));
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDS.with(|guards| guards.set(guards.get() - 1));
    result.map_err(|payload| Panicked::new(name, payload))
}

/// Goes on with a panic that another thread has caught: for whoever waited for that thread.
pub fn pass_on(panicked: Panicked) -> ! {
    resume_unwind(Box::new(panicked))
}

type Sink = Box<dyn Fn(Reason) + Send>;

/// Who is told of what nobody waits for.
static SINK: Mutex<Option<Sink>> = Mutex::new(None);

/// From now on, `sink` is told of panics in threads of [`spawn`], and of what [`warn`] is given.
pub fn report_to(sink: impl Fn(Reason) + Send + 'static) {
    *SINK.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(sink));
}

/// Tells of a panic that nobody waits for.
pub fn report(panicked: &Panicked) {
    warn(panicked.reason());
}

/// Tells of trouble in a thread that has no other way to say it.
pub fn warn(reason: Reason) {
    if let Some(sink) = &*SINK.lock().unwrap_or_else(PoisonError::into_inner) {
        sink(reason);
    }
}

/// Starts a thread; its panics are reported.
///
/// # Errors
/// When the system gives no thread.
pub fn spawn(
    name: &'static str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.to_owned()).spawn(move || {
        if let Err(panicked) = catch(name, work) {
            report(&panicked);
        }
    })
}

/// As [`spawn`]. Where the system gives no thread, the caller does the work, and is busy for as long as it takes.
pub fn spawn_or_run<F: FnOnce() + Send + 'static>(name: &'static str, work: F) {
    let kept = Arc::new(Mutex::new(Some(work)));
    let take = |kept: &Mutex<Option<F>>| kept.lock().unwrap_or_else(PoisonError::into_inner).take();
    let for_thread = Arc::clone(&kept);
    let started = spawn(name, move || {
        if let Some(work) = take(&for_thread) {
            work();
        }
    });
    if started.is_err()
        && let Some(work) = take(&kept)
        && let Err(panicked) = catch(name, work)
    {
        report(&panicked);
    }
}

/// Names places at which builds for development panic once, so that trials can see what follows: `watch,compile`.
pub const TRIAL: &str = "CARGO_HOTPATCH_TRIAL_PANIC";

/// A place at which a trial may have a panic. Builds without debug assertions have none.
pub fn trial(place: &str) {
    static DONE: Mutex<Vec<String>> = Mutex::new(Vec::new());
    if !cfg!(debug_assertions) {
        return;
    }
    let asked = std::env::var(TRIAL).unwrap_or_default();
    if !asked.split(',').any(|one| one == place) {
        return;
    }
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    if done.iter().any(|one| one == place) {
        return;
    }
    done.push(place.to_owned());
    drop(done);
    panic!("a trial asked for it");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_reason_that_asks_for_a_report() {
        let panicked =
            catch("work", || assert!(false_now(), "there is one")).expect_err("it panics");
        let reason = panicked.reason();
        assert_eq!(reason.code, codes::INTERNAL.id);
        for part in [
            "`work`: there is one",
            "guard.rs:",
            env!("CARGO_PKG_VERSION"),
            "/issues",
        ] {
            assert!(reason.message.contains(part), "{}", reason.message);
        }
        assert_eq!(catch("work", || 7), Ok(7));
    }

    fn false_now() -> bool {
        std::hint::black_box(false)
    }

    #[test]
    fn a_panic_that_another_thread_passes_on_keeps_its_text() {
        let first = catch("inner", || assert!(false_now(), "number {}", 7)).expect_err("it panics");
        let panicked = catch("outer", || pass_on(first)).expect_err("it is passed on");
        assert!(panicked.reason().message.contains("`inner`: number 7"));
    }
}
