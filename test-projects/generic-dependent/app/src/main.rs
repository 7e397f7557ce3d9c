//@ why: the code of a generic function lives in the crates that use it
//@ ask: 7 => <7> and <text> and <'7'>
//@ edit shapes/src/lib.rs: replace "<{value}>" with "({value})"
//@ expect: patched
//@ ask: 7 => (7) and (text) and ('7')
//@ edit app/src/main.rs: replace "shapes::shown(\"text\")" with "shapes::shown(2.5)"
//@ expect: patched
//@ ask: 7 => (7) and (2.5) and ('7')
//@ edit shapes/src/lib.rs: replace "({value})" with "{{{value}}}"
//@ expect: patched
//@ ask: 7 => {7} and {2.5} and {'7'}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let number: u32 = request.trim().parse().unwrap_or(0);
    let pair = shapes::Quoted::new(number);
    format!(
        "{} and {} and {}",
        shapes::shown(number),
        shapes::shown("text"),
        shapes::shown(pair)
    )
}
