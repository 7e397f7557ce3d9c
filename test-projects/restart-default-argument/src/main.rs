//@ why: another default for a type argument is another type for all who rely on it
//@ pair: default-argument-spelled
//@ ask: 4 => 4
//@ edit src/main.rs: replace "struct Wrap<T = u32>" with "struct Wrap<T = u64>"
//@ edit+ src/main.rs: replace "u32::from(value)" with "u64::from(value)"
//@ expect: restarted
//@ code: HP0101
//@ reason: Total
//@ ask: 5 => 5

struct Wrap<T = u32> {
    value: T,
}

struct Total {
    wrap: Wrap,
}

fn main() {
    let mut total = Total {
        wrap: Wrap { value: 0 },
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(&mut total, line.trim().parse().unwrap_or(0)));
    }
}

fn add(total: &mut Total, value: u8) -> String {
    total.wrap.value += u32::from(value);
    format!("{}", total.wrap.value)
}
