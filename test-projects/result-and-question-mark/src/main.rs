//@ why: errors through `?`, `From` and `Box<dyn Error>`
//@ ask: 12 => 24
//@ ask: x => error: invalid digit found in string
//@ edit src/main.rs: replace "\"error: {error}\"" with "\"failed: {error}\""
//@ edit+ src/main.rs: replace "Ok(number * 2)" with "if number > 99 { return Err(\"too much\".into()) }\n    Ok(number * 2)"
//@ expect: patched
//@ ask: 12 => 24
//@ ask: x => failed: invalid digit found in string
//@ ask: 100 => failed: too much

use std::error::Error;

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    match double(request) {
        Ok(number) => number.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

fn double(text: &str) -> Result<i64, Box<dyn Error>> {
    let number: i64 = text.parse()?;
    Ok(number * 2)
}
