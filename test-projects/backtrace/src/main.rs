//@ why: a backtrace names function, file and line of patched code, also when the first backtrace was taken before
//@ ask: x => backtrace::app::inner app.rs:10 < backtrace::app::outer app.rs:4 < backtrace::answer main.rs
//@ edit src/app.rs: replace "    let trace" with "    // One line.\n    // Another line.\n    let more = 1;\n    let trace"
//@ edit+ src/app.rs: replace "trace.to_string()" with "trace.to_string().repeat(more)"
//@ expect: patched
//@ function: backtrace::app::inner patched
//@ ask: x => backtrace::app::inner app.rs:13 < backtrace::app::outer app.rs:4 < backtrace::answer main.rs
//@ edit src/app.rs: replace "    inner()" with "    let middle = middle();\n    middle"
//@ edit+ src/app.rs: append "\nfn middle() -> String {\n    inner()\n}\n"
//@ expect: patched
//@ ask: x => backtrace::app::inner app.rs:14 < backtrace::app::middle app.rs:19 < backtrace::app::outer app.rs:4 < backtrace::answer main.rs

mod app;

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

/// The frames of this program as `function file:line`, the innermost first. Lines of this file are left out, since
/// the directives above would move them.
fn answer(_request: &str) -> String {
    let trace = app::outer();
    let mut frames = Vec::new();
    let mut lines = trace.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((_, function)) = line.split_once(": ") else {
            continue;
        };
        let Some(place) = lines
            .peek()
            .and_then(|next| next.trim().strip_prefix("at "))
        else {
            continue;
        };
        let file = place.rsplit('/').next().unwrap_or(place);
        let mut parts = file.split(':');
        let (file, line) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        match file {
            "app.rs" => frames.push(format!("{function} {file}:{line}")),
            "main.rs" if function.ends_with("answer") => frames.push(format!("{function} {file}")),
            _ => {}
        }
    }
    frames.join(" < ")
}
