//@ why: a field that need not be initialised any more: old code reads it all the same
//@ pair: uninitialised-local
//@ ask: 4 => 4
//@ edit src/main.rs: replace "    value: u32,\n}" with "    value: std::mem::MaybeUninit<u32>,\n}"
//@ edit+ src/main.rs: replace "Slot { value: 0 }" with "Slot { value: std::mem::MaybeUninit::uninit() }"
//@ edit+ src/main.rs: replace "    slot.value += value;\n    slot.shown()" with "    slot.value.write(value).to_string()"
//@ edit+ src/main.rs: replace "impl Slot {\n    fn shown(&self) -> String {\n        self.value.to_string()\n    }\n}\n" with ""
//@ expect: restarted
//@ code: HP0101
//@ reason: Slot
//@ ask: 4 => 4

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
