//@ why: the attribute stays, the body changes: a direct call names its own line, one through a pointer the function's
//@ pair: restart-fn-track-caller-removed
//@ ask: x => direct at 18, stored at 22
//@ edit src/main.rs: replace "format!(\"at {}\", std::panic::Location::caller().line())" with "format!(\"line {}\", std::panic::Location::caller().line())"
//@ expect: patched
//@ only: fn_track_caller_kept::place patched
//@ ask: x => direct line 18, stored line 22

fn main() {
    let stored: fn() -> String = place;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: fn() -> String, _request: &str) -> String {
    format!("direct {}, stored {}", place(), stored())
}

#[track_caller]
fn place() -> String {
    format!("at {}", std::panic::Location::caller().line())
}
