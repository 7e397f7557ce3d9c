//@ why: a macro makes a static of one name in two `const _` blocks; who uses them is edited, and all keep their entries
//@ pair: restart-const-block-statics-exchanged
//@ ask: a => a1 b0
//@ ask: b => a1 b1
//@ edit src/main.rs: replace "a{} b{}" with "{} {}"
//@ expect: patched
//@ ask: a => 2 1
//@ edit src/main.rs: replace "                    &LOG\n" with "                    let log = &LOG;\n                    log\n"
//@ expect: patched
//@ ask: b => 2 2

use std::sync::Mutex;

trait Store {
    fn log() -> &'static Mutex<Vec<String>>;
}

struct A;
struct B;

macro_rules! store {
    ($of:ident) => {
        const _: () = {
            static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
            impl Store for $of {
                fn log() -> &'static Mutex<Vec<String>> {
                    &LOG
                }
            }
        };
    };
}

store!(A);
store!(B);

fn answer(request: String) -> String {
    let log = if request == "a" { A::log() } else { B::log() };
    log.lock().unwrap().push(request);
    let count = |log: &Mutex<Vec<String>>| log.lock().unwrap().len();
    format!("a{} b{}", count(A::log()), count(B::log()))
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(line));
    }
}
