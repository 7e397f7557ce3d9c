//@ why: a static in a `const _` block belongs to one type; the block is replaced by one for another type, which begins with a value of its own
//@ pair: const-block-methods-added
//@ ask: a => 1
//@ ask: a => 2
//@ edit src/main.rs: replace "store!(Cats);" with "store!(Dogs);"
//@ edit+ src/main.rs: replace "Cats.push(request)" with "Dogs.push(request)"
//@ edit+ src/main.rs: replace "Cats.count()" with "Dogs.count()"
//@ expect: restarted
//@ code: HP0503
//@ ask: a => 1

use std::sync::Mutex;

struct Cats;
struct Dogs;

macro_rules! store {
    ($of:ident) => {
        const _: () = {
            static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
            impl $of {
                fn push(&self, entry: &str) {
                    LOG.lock().unwrap().push(entry.to_owned());
                }
                fn count(&self) -> usize {
                    LOG.lock().unwrap().len()
                }
            }
        };
    };
}

store!(Cats);

fn answer(request: &str) -> String {
    Cats.push(request);
    format!("{}", Cats.count())
}

fn main() {
    let _ = Dogs;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}
