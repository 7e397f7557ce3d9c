//@ why: two functions exchange their bodies; a stored pointer goes by the name
//@ ask: x => left right left
//@ edit src/main.rs: replace "fn left() -> &'static str {\n    \"left\"" with "fn left() -> &'static str {\n    \"RIGHT\""
//@ edit+ src/main.rs: replace "    \"right\"" with "    \"LEFT\""
//@ expect: patched
//@ only: swapped_bodies::left patched, swapped_bodies::right patched
//@ ask: x => RIGHT LEFT RIGHT

fn main() {
    let stored: fn() -> &'static str = left;
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{} {}", both(), stored());
    }
}

fn both() -> String {
    format!("{} {}", left(), right())
}

fn left() -> &'static str {
    "left"
}

fn right() -> &'static str {
    "right"
}
