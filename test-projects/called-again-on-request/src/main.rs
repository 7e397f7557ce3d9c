//@ why: a function that main called before its loop, and may call again: then it is the new one
//@ pair: restart-called-for-the-last-time
//@ ask: x => one
//@ edit src/main.rs: replace "\"one\"" with "\"two\""
//@ expect: patched
//@ warm-only: what was loaded stays until it is loaded again
//@ ask: x => one
//@ ask: reload => two

struct Settings {
    name: String,
}

fn main() {
    let mut settings = load();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        if line == "reload" {
            settings = load();
        }
        println!("{}", settings.name);
    }
}

fn load() -> Settings {
    let name = String::from("one");
    Settings { name }
}
