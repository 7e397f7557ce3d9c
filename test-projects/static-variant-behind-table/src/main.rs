//@ why: a static loses the data of its variant, to which there may be references: it gets another place, and so does what leads to it
//@ ask: x => a a kept
//@ edit src/title.rs: replace "Some(\"a\")" with "None"
//@ expect: patched
//@ warm-only: a cold start keeps what it finds
//@ note: a reference that the program keeps may still lead to the old one
//@ ask: x => - - kept
//@ edit src/title.rs: replace "= None" with "= Some(\"b\")"
//@ expect: patched
//@ warm-only: a cold start keeps what it finds
//@ ask: x => b b kept

mod table;
mod title;

fn main() {
    println!("ready");
    let kept = title::TITLE.as_ref();
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line, kept));
    }
}

fn answer(_request: &str, kept: Option<&'static &'static str>) -> String {
    let (own, other) = (title::TITLE.unwrap_or("-"), table::TITLES[1].unwrap_or("-"));
    format!(
        "{own} {other} {}",
        if kept.is_some_and(|text| *text == "a") {
            "kept"
        } else {
            "new"
        }
    )
}
