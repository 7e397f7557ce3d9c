//@ why: a field that is only called otherwise means what it meant
//@ pair: restart-fields-swapped
//@ ask: x => 1
//@ edit src/main.rs: replace "    seen: u32" with "    visits: u32"
//@ edit+ src/main.rs: replace "counter.seen += 1;" with "counter.visits += 1;"
//@ edit+ src/main.rs: replace "counter.seen.to_string()" with "format!(\"{} visits\", counter.visits)"
//@ expect: patched
//@ function: field_renamed::count patched
//@ ask: x => 2 visits

#[derive(Default)]
struct Counter {
    seen: u32,
}

fn main() {
    let mut counter = Counter::default();
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", count(&mut counter));
    }
}

fn count(counter: &mut Counter) -> String {
    counter.seen += 1;
    counter.seen.to_string()
}
