//@ why: a static would have to move from read-only to writable memory
//@ pair: static-mut
//@ ask: x => 7
//@ edit src/main.rs: replace "static LEVEL: u32 = 7;" with "static mut LEVEL: u32 = 7;"
//@ edit+ src/main.rs: replace "LEVEL.to_string()" with "unsafe {\n        LEVEL += 1;\n        (*&raw const LEVEL).to_string()\n    }"
//@ expect: restarted
//@ code: HP0502
//@ reason: LEVEL
//@ ask: x => 8
//@ ask: x => 9

static LEVEL: u32 = 7;

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    LEVEL.to_string()
}
