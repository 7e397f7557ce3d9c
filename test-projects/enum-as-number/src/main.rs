//@ why: an enum of one byte is shown as a number; its type stays
//@ pair: restart-repr-of-enum
//@ ask: x => One, 9
//@ edit src/main.rs: replace "format!(\"{:?}, {}\", self.level, self.tail)" with "format!(\"{}, {}\", self.level as u8, self.tail)"
//@ expect: patched
//@ only: <enum_as_number::Lift>::up patched
//@ ask: x => 2, 9

#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Level {
    Zero,
    One,
    Two,
}

struct Lift {
    level: Level,
    tail: u8,
}

impl Lift {
    fn up(&mut self) -> String {
        self.level = match self.level {
            Level::Zero => Level::One,
            _ => Level::Two,
        };
        format!("{:?}, {}", self.level, self.tail)
    }
}

fn main() {
    let mut lift = Lift {
        level: Level::Zero,
        tail: 9,
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            lift.up()
        });
    }
}
