//@ why: a generic type holds its argument in another way, in each of its instances
//@ pair: generic-method-added
//@ ask: 4 => 4
//@ edit src/main.rs: replace "    value: T,\n}" with "    value: Option<T>,\n}"
//@ edit+ src/main.rs: replace "Wrap { value }" with "Wrap { value: Some(value) }"
//@ edit+ src/main.rs: replace "shown(&wraps[wraps.len() - 1].value)" with "shown(&wraps.iter().filter_map(|wrap| wrap.value).sum::<u32>())"
//@ expect: restarted
//@ code: HP0101
//@ reason: Wrap<u32>
//@ ask: 5 => 5

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
