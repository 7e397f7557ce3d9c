//@ why: a field of the static's type becomes one that can be changed through a reference; the static's own type is called as before
//@ pair: static-of-struct
//@ ask: x => 5
//@ edit src/main.rs: replace "    limit: u32," with "    limit: std::sync::atomic::AtomicU32,"
//@ edit+ src/main.rs: replace "limit: 5 }" with "limit: std::sync::atomic::AtomicU32::new(5) }"
//@ edit+ src/main.rs: replace "self.limit.to_string()" with "self.limit.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string()"
//@ expect: restarted
//@ code: HP0101 or HP0501 or HP0502
//@ ask: x => 5
//@ ask: x => 6

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
