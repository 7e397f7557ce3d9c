//@ why: a file gets another name, and a type in it another field on the way
//@ pair: file-renamed
//@ ask: x => 1 visits
//@ edit src/main.rs: replace "mod counter;" with "#[path = \"tally.rs\"]\nmod counter;"
//@ write+ src/tally.rs from edits/tally.rs
//@ delete+ src/counter.rs
//@ expect: restarted
//@ code: HP0101
//@ reason: Counter
//@ ask: x => 1 visits

mod counter;

fn main() {
    let mut counter = counter::Counter::default();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            counter.next()
        });
    }
}
