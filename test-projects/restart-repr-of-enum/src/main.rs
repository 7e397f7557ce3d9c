//@ why: an enum of one byte becomes one of two
//@ pair: enum-as-number
//@ ask: x => One, 9
//@ edit src/main.rs: replace "repr(u8)" with "repr(u16)"
//@ expect: restarted
//@ code: HP0101
//@ reason: Level
//@ ask: x => One, 9

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
