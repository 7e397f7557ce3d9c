//@ why: a static of an own type without a lock in it; a method of the type is edited
//@ pair: restart-static-interior
//@ ask: x => 5
//@ edit src/main.rs: replace "self.limit.to_string()" with "format!(\"at most {}\", self.limit)"
//@ expect: patched
//@ ask: x => at most 5

struct Settings {
    limit: u32,
}

static SETTINGS: Settings = Settings { limit: 5 };

impl Settings {
    fn shown(&self) -> String {
        self.limit.to_string()
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            SETTINGS.shown()
        });
    }
}
