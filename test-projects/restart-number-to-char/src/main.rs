//@ why: not every number of four bytes is a character
//@ pair: number-as-char
//@ ask: 1114112 => 1114112
//@ edit src/main.rs: replace "code: u32," with "code: char,"
//@ edit+ src/main.rs: replace "code: 0 }" with "code: '-' }"
//@ expect: restarted
//@ code: HP0101
//@ reason: was `u32`, now it is `char`
//@ ask: keep => -

struct Key {
    code: u32,
}

fn main() {
    let mut key = Key { code: 0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", press(&mut key, &line));
    }
}

fn press(key: &mut Key, request: &str) -> String {
    if let Ok(code) = request.parse() {
        key.code = code;
    }
    key.code.to_string()
}
