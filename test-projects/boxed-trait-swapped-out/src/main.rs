//@ why: another implementation of the same trait is put into a field
//@ pair: restart-boxed-other-trait
//@ ask: x => left 1
//@ edit src/main.rs: replace "struct Left(u32);\n" with "struct Left(u32);\n\nstruct Right(u32);\n\nimpl Turn for Right {\n    fn turn(&mut self) -> String {\n        self.0 += 1;\n        format!(\"right {}\", self.0)\n    }\n}\n"
//@ edit+ src/main.rs: replace "let answer = wheel.turn.turn();" with "let answer = wheel.turn.turn();\n    wheel.turn = Box::new(Right(10));"
//@ expect: patched
//@ warm-only: a cold start changes the wheel with the first turn
//@ ask: x => left 2
//@ ask: x => right 11

trait Turn {
    fn turn(&mut self) -> String;
}

struct Left(u32);

impl Turn for Left {
    fn turn(&mut self) -> String {
        self.0 += 1;
        format!("left {}", self.0)
    }
}

struct Wheel {
    turn: Box<dyn Turn>,
}

fn main() {
    let mut wheel = Wheel {
        turn: Box::new(Left(0)),
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            go(&mut wheel)
        });
    }
}

fn go(wheel: &mut Wheel) -> String {
    let answer = wheel.turn.turn();
    answer
}
