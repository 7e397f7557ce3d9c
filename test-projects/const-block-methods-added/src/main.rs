//@ why: a static in a `const _` block gets one more method that uses it, and goes on with its value
//@ pair: restart-const-block-static-replaced
//@ ask: a => 1
//@ ask: a => 2
//@ edit src/main.rs: replace "                fn count(&self) -> usize {\n                    LOG" with "                fn first(&self) -> String {\n                    LOG.lock().unwrap()[0].clone()\n                }\n                fn count(&self) -> usize {\n                    LOG"
//@ edit+ src/main.rs: replace "format!(\"{}\", Cats.count())" with "format!(\"{} {}\", Cats.count(), Cats.first())"
//@ expect: patched
//@ ask: b => 3 a

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
