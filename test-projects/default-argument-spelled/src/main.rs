//@ why: a type argument that was the default is written out
//@ pair: restart-default-argument
//@ ask: 4 => 4
//@ edit src/main.rs: replace "    wrap: Wrap,\n" with "    wrap: Wrap<u32>,\n"
//@ edit+ src/main.rs: replace "format!(\"{}\", " with "format!(\"sum {}\", "
//@ expect: patched
//@ only: default_argument_spelled::add patched
//@ ask: 5 => sum 9

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
