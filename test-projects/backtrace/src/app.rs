use std::backtrace::Backtrace;

pub fn outer() -> String {
    inner()
}

// What follows is moved by the edits.

fn inner() -> String {
    let trace = Backtrace::force_capture();
    trace.to_string()
}
