//@ why: a number is shown as the character that it stands for, if it stands for one
//@ pair: restart-number-to-char
//@ ask: 1114112 => 1114112
//@ edit src/main.rs: replace "key.code.to_string()" with "char::from_u32(key.code).map_or(\"none\".to_owned(), String::from)"
//@ expect: patched
//@ ask: keep => none
//@ ask: 97 => a

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
