//@ why: enums of one name in two written-out `const _` blocks exchange the order of their variants; old values are in closures
//@ ask: a => first On second 7
//@ edit src/main.rs: replace "    enum Kept {\n        On,\n        Off,\n    }\n    impl Make for First" with "    enum Kept {\n        Off,\n        On,\n    }\n    impl Make for First"
//@ edit+ src/main.rs: replace "    enum Kept {\n        Off,\n        On,\n    }\n    impl Make for Second" with "    enum Kept {\n        On,\n        Off,\n    }\n    impl Make for Second"
//@ expect: restarted
//@ ask: a => first On second 6

trait Make {
    fn make() -> Box<dyn Fn() -> String>;
}

struct First;
struct Second;

const _: () = {
    #[allow(dead_code)]
    #[derive(Debug)]
    enum Kept {
        On,
        Off,
    }
    impl Make for First {
        fn make() -> Box<dyn Fn() -> String> {
            let kept = std::hint::black_box(Kept::On);
            Box::new(move || format!("first {kept:?}"))
        }
    }
};

const _: () = {
    #[allow(dead_code)]
    #[derive(Debug, Clone, Copy)]
    enum Kept {
        Off,
        On,
    }
    impl Make for Second {
        fn make() -> Box<dyn Fn() -> String> {
            let kept = std::hint::black_box(Kept::On);
            Box::new(move || format!("second {}", kept as u8 + 6))
        }
    }
};

fn answer(kept: &[Box<dyn Fn() -> String>]) -> String {
    format!("{} {}", kept[0](), kept[1]())
}

fn main() {
    let kept = [First::make(), Second::make()];
    println!("ready");
    for _ in std::io::stdin().lines() {
        println!("{}", answer(&kept));
    }
}
