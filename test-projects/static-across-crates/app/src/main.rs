//@ why: an immutable static of one crate has a new value, and a table of another crate leads to it
//@ ask: x => 10 10 11 same
//@ edit limits/src/lib.rs: replace "LIMIT: u32 = 10" with "LIMIT: u32 = 20"
//@ expect: patched
//@ ask: x => 20 20 21 same
//@ edit limits/src/lib.rs: replace "name: \"low\"" with "name: \"high\""
//@ edit+ app/src/main.rs: replace "{own} {of_rule}" with "own {own} rule {of_rule}"
//@ expect: patched
//@ ask: x => own 20 rule 20 21 same

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    let (own, of_rule) = (limits::LIMIT, rules::RULES[0].limit);
    let is_same =
        std::ptr::eq(of_rule, &limits::LIMIT) && limits::NAMED.name == rules::RULES[0].name.name;
    format!(
        "{own} {of_rule} {} {}",
        rules::above(),
        if is_same { "same" } else { "another" }
    )
}
