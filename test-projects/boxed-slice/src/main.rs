//@ why: a boxed slice that lives, from its other end
//@ pair: restart-boxed-slice
//@ ask: 300 => [44]
//@ edit src/main.rs: replace "format!(\"{:?}\", self.bytes)" with "format!(\"{:?}\", self.bytes.iter().rev().collect::<Vec<_>>())"
//@ expect: patched
//@ ask: 5 => [5, 44]

struct Tape {
    bytes: Box<[u8]>,
}

impl Tape {
    fn shown(&self) -> String {
        format!("{:?}", self.bytes)
    }
}

fn main() {
    let mut tape = Tape {
        bytes: Box::new([]),
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", write(&mut tape, line.trim().parse().unwrap_or(0)));
    }
}

fn write(tape: &mut Tape, value: u16) -> String {
    let mut bytes = std::mem::take(&mut tape.bytes).into_vec();
    bytes.push(value as u8);
    tape.bytes = bytes.into_boxed_slice();
    tape.shown()
}
