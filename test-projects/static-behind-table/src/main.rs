//@ why: an immutable static has a new value: all that leads to it through data of other objects sees that, at the old address
//@ pair: restart-static-in-mutable
//@ ask: x => same one one one 1 one label 1
//@ edit src/settings.rs: replace "\"one\",\n    number: 1" with "\"two words\",\n    number: 2"
//@ expect: patched
//@ only: static_behind_table::settings::DEFAULT static
//@ ask: x => same two words two words two words 2 two words label 1
//@ edit src/settings.rs: replace "\"two words\"" with "\"3\""
//@ edit+ src/settings.rs: replace "\"label\"" with "\"sign\""
//@ edit+ src/settings.rs: replace "first as fn() -> u32" with "second as fn() -> u32"
//@ expect: patched
//@ ask: x => same 3 3 3 2 3 sign 2
//@ edit src/settings.rs: replace "\"sign\"" with "\"label\""
//@ expect: patched
//@ ask: x => same 3 3 3 2 3 label 2

mod chain;
mod settings;
mod table;

fn main() {
    println!("ready");
    let kept = &settings::DEFAULT;
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line, kept));
    }
}

fn answer(_request: &str, kept: &'static settings::Settings) -> String {
    let is_same = std::ptr::eq(kept, &settings::DEFAULT);
    let same = if is_same { "same" } else { "another" };
    let own = settings::DEFAULT.name;
    let entry = table::ENTRIES[0].settings;
    let (of_chain, label, call) = chain::all();
    format!(
        "{same} {} {own} {} {} {of_chain} {label} {call}",
        kept.name,
        entry.name,
        entry.number
    )
}
