//@ why: a module of functions gets another name
//@ pair: restart-module-renamed
//@ ask: x => 1 visits
//@ edit src/main.rs: replace "mod shown {" with "mod printed {"
//@ edit+ src/main.rs: replace "shown::visits(" with "printed::visits("
//@ edit+ src/main.rs: replace "{count} visits" with "{count} times"
//@ expect: patched
//@ ask: x => 2 times

mod shown {
    pub fn visits(count: u32) -> String {
        format!("{count} visits")
    }
}

fn main() {
    let mut count = 0;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            count += 1;
            answer(count)
        });
    }
}

fn answer(count: u32) -> String {
    shown::visits(count)
}
