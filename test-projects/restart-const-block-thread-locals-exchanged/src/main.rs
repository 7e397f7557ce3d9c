//@ why: a macro makes a thread-local of one name in two `const _` blocks; its calls change places
//@ ask: b => 0 1
//@ ask: b => 0 2
//@ edit src/main.rs: replace "store!(A);\nstore!(B);" with "store!(B);\nstore!(A);"
//@ expect: restarted
//@ code: HP0503 or HP0204
//@ ask: a => 1 0

use std::cell::Cell;

trait Store {
    fn add(by: u32) -> u32;
}

struct A;
struct B;

macro_rules! store {
    ($of:ident) => {
        const _: () = {
            thread_local! {
                static COUNT: Cell<u32> = const { Cell::new(0) };
            }
            impl Store for $of {
                fn add(by: u32) -> u32 {
                    COUNT.with(|count| {
                        count.set(count.get() + by);
                        count.get()
                    })
                }
            }
        };
    };
}

store!(A);
store!(B);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let by = u32::from(line == "a");
        println!("{} {}", A::add(by), B::add(1 - by));
    }
}
