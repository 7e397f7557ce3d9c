//@ why: new code uses memory that is not initialised, for itself
//@ pair: restart-maybe-uninit
//@ ask: 4 => 4
//@ edit src/main.rs: replace "    self.value.to_string()" with "    let mut place = std::mem::MaybeUninit::uninit();\n        place.write(self.value + 1).to_string()"
//@ expect: patched
//@ only: <uninitialised_local::Slot>::shown patched
//@ ask: 4 => 9

struct Slot {
    value: u32,
}

impl Slot {
    fn shown(&self) -> String {
        self.value.to_string()
    }
}

fn main() {
    let mut slot = Slot { value: 0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", put(&mut slot, line.trim().parse().unwrap_or(0)));
    }
}

fn put(slot: &mut Slot, value: u32) -> String {
    slot.value += value;
    slot.shown()
}
