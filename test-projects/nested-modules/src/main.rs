//@ why: functions of one name in nested modules, in files and inline
//@ ask: x => outer, inner, inline, main
//@ edit src/outer/inner.rs: replace "\"inner\"" with "\"INNER\""
//@ expect: patched
//@ only: nested_modules::outer::inner::name patched
//@ ask: x => outer, INNER, inline, main
//@ edit src/outer.rs: replace "\"inline\"" with "\"INLINE\""
//@ expect: patched
//@ only: nested_modules::outer::inline::name patched
//@ ask: x => outer, INNER, INLINE, main

mod outer;

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    [
        outer::name(),
        outer::inner::name(),
        outer::inline::name(),
        name(),
    ]
    .join(", ")
}

fn name() -> &'static str {
    "main"
}
