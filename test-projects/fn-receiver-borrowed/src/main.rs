//@ why: `self` becomes `&self`, with all direct callers in the edit; a stored pointer passes the value to the old code
//@ pair: restart-fn-receiver-borrowed-dyn
//@ ask: 4 => direct 16, stored 16
//@ edit src/main.rs: replace "fn area(self) -> u64 {\n        self.side * self.side" with "fn area(&self) -> u64 {\n        self.side * self.side + 1"
//@ edit+ src/main.rs: replace "let stored: Area = Square::area;" with "let stored: Area = |square| square.area();"
//@ expect: patched
//@ warm-only: main has stored the old method
//@ ask: 4 => direct 17, stored 16

type Area = fn(Square) -> u64;

#[derive(Clone, Copy)]
struct Square {
    side: u64,
}

impl Square {
    fn area(self) -> u64 {
        self.side * self.side
    }
}

fn main() {
    let stored: Area = Square::area;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: Area, request: &str) -> String {
    let square = Square {
        side: request.trim().parse().unwrap_or(0),
    };
    format!("direct {}, stored {}", square.area(), stored(square))
}
