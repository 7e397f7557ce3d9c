//@ why: the body of a generic function of a library, compiled into the program that uses it and stored there
//@ pair: restart-generic-library-field
//@ ask: 4 => [4] [text] stored [7]
//@ edit library/src/lib.rs: replace "\"[{}]\"" with "\"<{}>\""
//@ expect: patched
//@ ask: 4 => <4> <text> stored <7>

use generic_library::{Labelled, labelled};

fn main() {
    let stored: fn(&Labelled<u8>) -> String = labelled::<u8>;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: fn(&Labelled<u8>) -> String, request: &str) -> String {
    let number: u32 = request.trim().parse().unwrap_or(0);
    let text = Labelled { value: "text" };
    format!(
        "{} {} stored {}",
        labelled(&Labelled { value: number }),
        labelled(&text),
        stored(&Labelled { value: 7 })
    )
}
