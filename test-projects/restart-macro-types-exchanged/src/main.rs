//@ why: a macro makes a type of one name each time that a function calls it; two calls change places
//@ ask: a => tags=[1, 2] boxed=[7]
//@ edit src/main.rs: replace "    keep!(kept, \"tags\", Vec<u32>, vec![1, 2]);\n    keep!(kept, \"boxed\", Box<[u64]>, vec![7].into_boxed_slice());\n" with "    keep!(kept, \"boxed\", Box<[u64]>, vec![7].into_boxed_slice());\n    keep!(kept, \"tags\", Vec<u32>, vec![1, 2]);\n"
//@ expect: restarted
//@ ask: a => boxed=[7] tags=[1, 2]

trait Show {
    fn show(&self) -> String;
}

macro_rules! keep {
    ($kept:ident, $name:literal, $value:ty, $initial:expr) => {{
        struct Kept {
            value: $value,
        }
        impl Show for Kept {
            fn show(&self) -> String {
                format!("{}={:?}", $name, self.value)
            }
        }
        $kept.push(Box::new(Kept { value: $initial }));
    }};
}

fn fill() -> Vec<Box<dyn Show>> {
    let mut kept: Vec<Box<dyn Show>> = Vec::new();
    keep!(kept, "tags", Vec<u32>, vec![1, 2]);
    keep!(kept, "boxed", Box<[u64]>, vec![7].into_boxed_slice());
    kept
}

fn answer(kept: &[Box<dyn Show>]) -> String {
    kept.iter().map(|one| one.show()).collect::<Vec<_>>().join(" ")
}

fn main() {
    let kept = fill();
    println!("ready");
    for _ in std::io::stdin().lines() {
        println!("{}", answer(&kept));
    }
}
