//@ why: a type that only the edited function used goes away
//@ pair: restart-type-replaced
//@ ask: 4 => 4 by adder
//@ edit src/main.rs: replace "struct Adder {\n    step: u32,\n}\n\n" with ""
//@ edit+ src/main.rs: replace "let adder = Adder { step: number };\n    total.sum += adder.step;" with "total.sum += number;"
//@ edit+ src/main.rs: replace "{} by adder" with "{} by hand"
//@ expect: patched
//@ ask: 5 => 9 by hand

struct Adder {
    step: u32,
}

struct Total {
    sum: u32,
}

fn main() {
    let mut total = Total { sum: 0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(&mut total, line.trim().parse().unwrap_or(0)));
    }
}

fn add(total: &mut Total, number: u32) -> String {
    let adder = Adder { step: number };
    total.sum += adder.step;
    format!("{} by adder", total.sum)
}
