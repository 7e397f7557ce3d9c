//@ why: a macro makes a type of one name in two `const _` blocks; its text is edited, and the blocks stay where they are
//@ pair: restart-const-blocks-exchanged
//@ ask: a => P1=8080 P2="bob" P1=8080
//@ edit src/main.rs: replace "\"{}={:?}\"" with "\"{}: {:?}\""
//@ expect: patched
//@ ask: a => P1: 8080 P2: "bob" P1: 8080
//@ edit src/main.rs: replace "block!(P1, u64, 8080);" with "block!(P1, u64, 8081);"
//@ expect: patched
//@ ask: a => P1: 8080 P2: "bob" P1: 8081
//@ warm-only: the objects are older than the edits

trait Show {
    fn show(&self) -> String;
}

trait Make {
    fn make() -> Box<dyn Show>;
}

struct P1;
struct P2;

macro_rules! block {
    ($of:ident, $value:ty, $initial:expr) => {
        const _: () = {
            struct Kept {
                value: $value,
            }
            impl Show for Kept {
                fn show(&self) -> String {
                    format!("{}={:?}", stringify!($of), self.value)
                }
            }
            impl Make for $of {
                fn make() -> Box<dyn Show> {
                    Box::new(Kept { value: $initial })
                }
            }
        };
    };
}

block!(P1, u64, 8080);
block!(P2, &'static str, "bob");

fn answer(kept: &[Box<dyn Show>]) -> String {
    let mut shown: Vec<String> = kept.iter().map(|one| one.show()).collect();
    shown.push(P1::make().show());
    shown.join(" ")
}

fn main() {
    let kept = vec![P1::make(), P2::make()];
    println!("ready");
    for _ in std::io::stdin().lines() {
        println!("{}", answer(&kept));
    }
}
