//@ why: pointer and length are as before, but the length counts other elements
//@ pair: boxed-slice
//@ ask: 300 => [44]
//@ edit src/main.rs: replace "bytes: Box<[u8]>" with "bytes: Box<[u16]>"
//@ edit+ src/main.rs: replace "value as u8" with "value"
//@ expect: restarted
//@ code: HP0101
//@ reason: Tape
//@ ask: 300 => [300]

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
