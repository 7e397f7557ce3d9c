//@ why: a function under a plain name, called through a declaration of it
//@ pair: restart-fn-no-mangle-signature
//@ ask: 4 => 8
//@ edit src/main.rs: replace "number * 2" with "number * 5"
//@ expect: patched
//@ ask: 4 => 20

mod imported {
    unsafe extern "C" {
        pub safe fn fn_no_mangle_body_value(number: u32) -> u32;
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    imported::fn_no_mangle_body_value(request.trim().parse().unwrap_or(0)).to_string()
}

#[unsafe(no_mangle)]
extern "C" fn fn_no_mangle_body_value(number: u32) -> u32 {
    number * 2
}
