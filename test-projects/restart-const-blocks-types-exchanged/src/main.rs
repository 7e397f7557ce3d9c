//@ why: the types of two `const _` blocks change places while the blocks stay: the set of shapes is as before
//@ ask: a => P1=8080 P2="bob"
//@ edit src/main.rs: replace "block!(P1, u64, 8080);\nblock!(P2, &'static str, \"bob\");" with "block!(P1, &'static str, \"bob\");\nblock!(P2, u64, 8080);"
//@ expect: restarted
//@ code: HP0204 or HP0103
//@ ask: a => P1="bob" P2=8080

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
    kept.iter().map(|one| one.show()).collect::<Vec<_>>().join(" ")
}

fn main() {
    let kept = vec![P1::make(), P2::make()];
    println!("ready");
    for _ in std::io::stdin().lines() {
        println!("{}", answer(&kept));
    }
}
