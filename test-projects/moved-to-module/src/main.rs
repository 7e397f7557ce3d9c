//@ why: a function moves into a file of its own, and says something else there
//@ pair: restart-type-moved
//@ ask: x => 1 visits
//@ edit src/main.rs: replace "fn visits(count: u32) -> String {\n    format!(\"{count} visits\")\n}\n" with "mod shown;\nuse shown::visits;\n"
//@ write+ src/shown.rs from edits/shown.rs
//@ expect: patched
//@ function: moved_to_module::shown::visits new
//@ ask: x => visit no. 2
//@ edit src/shown.rs: replace "visit no." with "visit number"
//@ expect: patched
//@ only: moved_to_module::shown::visits patched
//@ ask: x => visit number 3

#[derive(Default)]
struct Counter {
    count: u32,
}

fn main() {
    let mut counter = Counter::default();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            counter.count += 1;
            answer(&counter)
        });
    }
}

fn answer(counter: &Counter) -> String {
    visits(counter.count)
}

fn visits(count: u32) -> String {
    format!("{count} visits")
}
