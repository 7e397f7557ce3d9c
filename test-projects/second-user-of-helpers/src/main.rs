//@ why: a second user of an inline function, of `format!` and of a helper in a `const` block comes, and goes again
//@ ask: x => 1: a2 b7 [3]
//@ edit src/main.rs: replace "\"b7\".to_owned()" with "format!(\"b{}\", twice(7))"
//@ expect: patched
//@ warm-only: the count goes on
//@ ask: x => 2: a2 b14 [3]
//@ edit src/other.rs: replace "String::from(\"[3]\")" with "format!(\"[{}]\", crate::helpers::thrice(3))"
//@ expect: patched
//@ warm-only: the count goes on
//@ ask: x => 3: a2 b14 [9]
//@ edit src/other.rs: replace "format!(\"[{}]\", crate::helpers::thrice(3))" with "String::from(\"[4]\")"
//@ expect: patched
//@ warm-only: the count goes on
//@ ask: x => 4: a2 b14 [4]
//@ edit src/main.rs: replace "format!(\"b{}\", twice(7))" with "\"b8\".to_owned()"
//@ expect: patched
//@ warm-only: the count goes on
//@ ask: x => 5: a2 b8 [4]

mod helpers;
mod other;

pub trait Shown {
    fn shown(&self) -> String;
}

pub struct First;
pub struct Second;

const _: () = {
    fn twice(number: u32) -> u32 {
        number * 2
    }
    impl Shown for First {
        fn shown(&self) -> String {
            format!("a{}", twice(1))
        }
    }
    impl Shown for Second {
        fn shown(&self) -> String {
            "b7".to_owned()
        }
    }
};

fn main() {
    println!("ready");
    let kept: [Box<dyn Shown>; 2] = [Box::new(First), Box::new(Second)];
    let mut count = 0;
    for _line in std::io::stdin().lines().map_while(Result::ok) {
        count += helpers::thrice(1) - 2;
        println!("{count}: {}", answer(&kept));
    }
}

fn answer(kept: &[Box<dyn Shown>]) -> String {
    let mut text = String::new();
    for one in kept {
        text += &one.shown();
        text.push(' ');
    }
    text + &other::shown()
}
