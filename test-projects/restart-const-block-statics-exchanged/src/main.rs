//@ why: a macro makes a static of one name in two `const _` blocks; its calls change places, and the entries stay with their owner
//@ pair: const-block-statics
//@ ask: a => a1 b0
//@ ask: a => a2 b0
//@ edit src/main.rs: replace "store!(A);\nstore!(B);" with "store!(B);\nstore!(A);"
//@ expect: restarted
//@ code: HP0503
//@ ask: b => a0 b1

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
