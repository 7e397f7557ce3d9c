//@ why: matches on enums with data, as jump tables and as comparisons
//@ pair: restart-variant-added
//@ ask: add 3 => 3
//@ ask: mul 5 => 15
//@ ask: neg => -15
//@ edit src/main.rs: replace "Command::Multiply(by) => value * by" with "Command::Multiply(by) => value * by + 1"
//@ expect: patched
//@ only: enum_match::apply patched
//@ warm-only: the first three commands ran in the old code
//@ ask: mul 2 => -29
//@ ask: what => -29

enum Command {
    Add(i64),
    Multiply(i64),
    Negate,
    Unknown { text: String },
}

fn main() {
    let mut value = 0;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        value = apply(value, parse(&line));
        println!("{value}");
    }
}

fn parse(line: &str) -> Command {
    let (word, number) = line.split_once(' ').unwrap_or((line, "0"));
    let number = number.parse().unwrap_or(0);
    match word {
        "add" => Command::Add(number),
        "mul" => Command::Multiply(number),
        "neg" => Command::Negate,
        text => Command::Unknown {
            text: text.to_owned(),
        },
    }
}

fn apply(value: i64, command: Command) -> i64 {
    match command {
        Command::Add(number) => value + number,
        Command::Multiply(by) => value * by,
        Command::Negate => -value,
        Command::Unknown { text } => value + text.len() as i64 - 4,
    }
}
