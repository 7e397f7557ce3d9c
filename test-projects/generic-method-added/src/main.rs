//@ why: a generic type gets a method for one of its instances
//@ pair: restart-generic-wrapper
//@ ask: 4 => 4
//@ edit src/main.rs: append "\nimpl Wrap<u32> {\n    fn twice(&self) -> u32 {\n        self.value * 2\n    }\n}\n"
//@ edit+ src/main.rs: replace "shown(&wraps[wraps.len() - 1].value)" with "shown(&wraps.iter().map(Wrap::twice).sum::<u32>())"
//@ expect: patched
//@ ask: 5 => 18

struct Wrap<T> {
    value: T,
}

fn main() {
    let mut wraps = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", push(&mut wraps, line.trim().parse().unwrap_or(0)));
    }
}

fn push(wraps: &mut Vec<Wrap<u32>>, value: u32) -> String {
    wraps.push(Wrap { value });
    shown(&wraps[wraps.len() - 1].value)
}

fn shown<T: ToString>(value: &T) -> String {
    value.to_string()
}
