//@ why: a function becomes a method; the pointer to the function calls what is left of it
//@ pair: restart-fn-moved-into-trait
//@ ask: 4 => direct 16, stored 16
//@ edit src/main.rs: replace "direct {}, stored {}\", area(&square), stored(&square)" with "direct {}, stored {}\", square.area(), stored(&square)"
//@ edit+ src/main.rs: replace "\nfn area(square: &Square) -> u64 {\n    square.side * square.side\n}\n" with "\nimpl Square {\n    fn area(&self) -> u64 {\n        self.side * self.side + 1\n    }\n}\n"
//@ edit+ src/main.rs: replace "let stored: Area = area;" with "let stored: Area = Square::area;"
//@ expect: patched
//@ warm-only: main has stored the old function
//@ ask: 4 => direct 17, stored 16

type Area = fn(&Square) -> u64;

struct Square {
    side: u64,
}

fn main() {
    let stored: Area = area;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: Area, request: &str) -> String {
    let square = Square {
        side: request.trim().parse().unwrap_or(0),
    };
    format!("direct {}, stored {}", area(&square), stored(&square))
}

fn area(square: &Square) -> u64 {
    square.side * square.side
}
