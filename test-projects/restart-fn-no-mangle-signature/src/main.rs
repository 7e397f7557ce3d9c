//@ why: a function under a plain name gets another signature: nobody knows who calls it
//@ pair: fn-no-mangle-body
//@ ask: 4 => 8
//@ edit src/main.rs: replace "number: u32) -> u32;" with "number: u64) -> u64;"
//@ edit+ src/main.rs: replace "number: u32) -> u32 {\n    number * 2" with "number: u64) -> u64 {\n    number * 5"
//@ expect: restarted
//@ code: HP0201
//@ reason: outside of Rust
//@ ask: 4 => 20

mod imported {
    unsafe extern "C" {
        pub safe fn restart_fn_no_mangle_value(number: u32) -> u32;
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    imported::restart_fn_no_mangle_value(request.trim().parse().unwrap_or(0)).to_string()
}

#[unsafe(no_mangle)]
extern "C" fn restart_fn_no_mangle_value(number: u32) -> u32 {
    number * 2
}
