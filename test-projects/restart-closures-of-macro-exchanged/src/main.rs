//@ why: a macro makes a closure each time that it is called; two calls change places where closures are made once and kept
//@ pair: closures-of-macro
//@ ask: a => one 1, two 2
//@ edit src/main.rs: replace "    show!(kept, \"one\", 1);\n    show!(kept, \"two\", 2);\n" with "    show!(kept, \"two\", 2);\n    show!(kept, \"one\", 1);\n"
//@ expect: restarted
//@ code: HP0902 or HP0302
//@ ask: a => two 2, one 1

type Show = Box<dyn Fn() -> String>;

macro_rules! show {
    ($kept:ident, $name:literal, $number:expr) => {{
        let number: u64 = $number;
        $kept.push(Box::new(move || format!("{} {}", $name, number)));
    }};
}

fn made() -> Vec<Show> {
    let mut kept: Vec<Show> = Vec::new();
    show!(kept, "one", 1);
    show!(kept, "two", 2);
    kept
}

fn answer(kept: &[Show]) -> String {
    kept.iter().map(|one| one()).collect::<Vec<_>>().join(", ")
}

fn main() {
    let mut kept = made();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        if line == "other" {
            kept.pop();
        }
        println!("{}", answer(&kept));
    }
}
