//@ why: a type gets a destructor and another field at once: code of the standard library that is made for it could follow, but not what lies in memory
//@ pair: foreign-instance
//@ ask: x => 2 held
//@ edit src/main.rs: append "\nimpl Drop for Token {\n    fn drop(&mut self) {\n        println!(\"dropped {}\", self.0);\n    }\n}\n"
//@ edit+ src/main.rs: replace "struct Token(u32);" with "struct Token(u64);"
//@ expect: restarted
//@ code: HP0101
//@ reason: Token
//@ ask: x => 2 held

#[allow(dead_code)]
struct Token(u32);

fn main() {
    let tokens = vec![Token(2), Token(3)];
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&tokens));
    }
}

fn answer(tokens: &[Token]) -> String {
    format!("{} held", tokens.len())
}
