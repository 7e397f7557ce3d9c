//@ why: a method and its caller are deleted; a pointer to the method still calls it
//@ pair: restart-fn-method-deleted-dyn
//@ ask: x => doubled 14, stored 7
//@ edit src/main.rs: replace "    fn plain(&self) -> u32 {\n        self.0\n    }\n" with ""
//@ edit+ src/main.rs: replace "    fn doubled(&self) -> u32 {\n        self.plain() * 2\n    }\n" with "    fn tripled(&self) -> u32 {\n        self.0 * 3\n    }\n"
//@ edit+ src/main.rs: replace "\"doubled {}, stored {}\", number.doubled()" with "\"tripled {}, stored {}\", number.tripled()"
//@ edit+ src/main.rs: replace "let stored: Value = Number::plain;" with "let stored: Value = Number::tripled;"
//@ expect: patched
//@ warm-only: main has stored the method that was deleted
//@ ask: x => tripled 21, stored 7

type Value = fn(&Number) -> u32;

struct Number(u32);

impl Number {
    fn plain(&self) -> u32 {
        self.0
    }

    fn doubled(&self) -> u32 {
        self.plain() * 2
    }
}

fn main() {
    let stored: Value = Number::plain;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: Value, _request: &str) -> String {
    let number = Number(7);
    format!("doubled {}, stored {}", number.doubled(), stored(&number))
}
