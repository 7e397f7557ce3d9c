//@ why: 7 in a byte that becomes a bool is no value of it
//@ pair: number-as-bool
//@ ask: 7 => 7
//@ edit src/main.rs: replace "    set: u8,\n" with "    set: bool,\n"
//@ edit+ src/main.rs: replace "set: 0 }" with "set: false }"
//@ edit+ src/main.rs: replace "switch.set = to;" with "if to != 7 {\n        switch.set = to != 0;\n    }"
//@ expect: restarted
//@ code: HP0101
//@ reason: was `u8`, now it is `bool`
//@ ask: 7 => false

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
