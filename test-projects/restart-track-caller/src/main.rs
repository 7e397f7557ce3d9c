//@ why: an attribute that changes how a function is called, without a trace in its signature
//@ pair: header-comma
//@ ask: x => plain
//@ edit src/main.rs: replace "fn place() -> String {\n    \"plain\".to_owned()" with "#[track_caller]\nfn place() -> String {\n    std::panic::Location::caller().column().to_string()"
//@ expect: restarted
//@ code: HP0202
//@ ask: x => 5

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    place()
}

fn place() -> String {
    "plain".to_owned()
}
