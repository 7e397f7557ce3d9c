//@ why: a file gets another name, and the module in it keeps its own
//@ pair: restart-file-renamed
//@ ask: x => 1 visits
//@ edit src/main.rs: replace "mod shown;" with "#[path = \"printed.rs\"]\nmod shown;"
//@ write+ src/printed.rs from src/shown.rs
//@ delete+ src/shown.rs
//@ expect: unchanged
//@ ask: x => 2 visits
//@ edit src/printed.rs: replace "visits\"" with "times\""
//@ expect: patched
//@ only: file_renamed::shown::visits patched
//@ ask: x => 3 times

mod shown;

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
