//@ why: code of the standard library that is made for a type of the program, and is only called, has no slot; when it changes, its callers are replaced with it
//@ pair: restart-foreign-instance
//@ ask: x => name a, dropped 0
//@ edit src/main.rs: append "\nimpl Drop for Token {\n    fn drop(&mut self) {\n        DROPPED.fetch_add(self.0, Relaxed);\n    }\n}\n"
//@ expect: patched
//@ ask: x => name a, dropped 5
//@ edit src/main.rs: replace "&self.first" with "&self.second"
//@ expect: patched
//@ ask: x => name b, dropped 5
//@ edit src/main.rs: replace "DROPPED.fetch_add(self.0, Relaxed);" with "DROPPED.fetch_add(self.0 * 10, Relaxed);"
//@ edit+ src/main.rs: replace "&self.second" with "&self.first"
//@ expect: patched
//@ ask: x => name a, dropped 50
//@ edit src/main.rs: replace "fn name" with "// Only lines move.\n\nfn name"
//@ expect: unchanged
//@ ask: x => name a, dropped 50

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static DROPPED: AtomicU32 = AtomicU32::new(0);

#[allow(dead_code)]
struct Token(u32);

#[allow(dead_code)]
struct Names {
    first: String,
    second: String,
}

impl std::ops::Deref for Names {
    type Target = String;
    #[inline(always)]
    fn deref(&self) -> &String {
        &self.first
    }
}

fn main() {
    let names = Some(Names {
        first: "a".to_owned(),
        second: "b".to_owned(),
    });
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&names));
    }
}

fn answer(names: &Option<Names>) -> String {
    DROPPED.store(0, Relaxed);
    drop(vec![Token(2), Token(3)]);
    format!(
        "name {}, dropped {}",
        name(names),
        DROPPED.load(Relaxed)
    )
}

fn name(names: &Option<Names>) -> &str {
    names.as_deref().map_or("", String::as_str)
}
