//@ why: a function that main called before its loop, and has passed: nothing calls it again
//@ pair: called-again-on-request
//@ ask: x => one
//@ edit src/main.rs: replace "\"one\"" with "\"two\""
//@ expect: restarted
//@ code: HP0902
//@ reason: `restart_called_for_the_last_time::main` has passed its calls of it
//@ ask: x => two

struct Settings {
    name: String,
}

fn main() {
    let settings = load();
    println!("ready");
    for _line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", settings.name);
    }
}

fn load() -> Settings {
    let name = String::from("one");
    Settings { name }
}
