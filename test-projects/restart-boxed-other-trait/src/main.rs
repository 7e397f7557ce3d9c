//@ why: an object of another trait has another vtable: the old one's first method would be called
//@ pair: boxed-trait-swapped-out
//@ ask: x => left 1
//@ edit src/main.rs: replace "    turn: Box<dyn Turn>," with "    turn: Box<dyn Back>,"
//@ edit+ src/main.rs: replace "wheel.turn.turn()" with "wheel.turn.back()"
//@ edit+ src/main.rs: append "\ntrait Back {\n    fn back(&mut self) -> String;\n}\n\nimpl Back for Left {\n    fn back(&mut self) -> String {\n        self.0 += 2;\n        format!(\"back {}\", self.0)\n    }\n}\n"
//@ expect: restarted
//@ code: HP0101
//@ reason: Wheel
//@ ask: x => back 2

#[allow(dead_code)]
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
    wheel.turn.turn()
}
