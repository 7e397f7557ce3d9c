//@ why: a byte is compared with zero, and stays a byte
//@ pair: restart-byte-to-bool
//@ ask: 7 => 7
//@ edit src/main.rs: replace "self.set.to_string()" with "(self.set != 0).to_string()"
//@ expect: patched
//@ only: <number_as_bool::Switch>::shown patched
//@ ask: 7 => true
//@ ask: 0 => false

struct Switch {
    set: u8,
}

impl Switch {
    fn shown(&self) -> String {
        self.set.to_string()
    }
}

fn main() {
    let mut switch = Switch { set: 0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", turn(&mut switch, line.trim().parse().unwrap_or(0)));
    }
}

fn turn(switch: &mut Switch, to: u8) -> String {
    switch.set = to;
    switch.shown()
}
