//@ why: a function pointer in a field is called by another convention, or with another type
//@ pair: pointer-field-called
//@ ask: 3 => 6
//@ edit src/main.rs: replace "apply: fn(u32) -> u32," with "apply: extern \"C\" fn(u32) -> u32,"
//@ edit+ src/main.rs: replace "fn twice(value" with "extern \"C\" fn twice(value"
//@ expect: restarted
//@ code: HP0101
//@ reason: Tool
//@ ask: 3 => 6
//@ edit src/main.rs: replace "apply: extern \"C\" fn(u32) -> u32," with "apply: extern \"C\" fn(u64) -> u64,"
//@ edit+ src/main.rs: replace "fn twice(value: u32) -> u32" with "fn twice(value: u64) -> u64"
//@ edit+ src/main.rs: replace "(tool.apply)(value)" with "(tool.apply)(value.into()) as u32"
//@ expect: restarted
//@ code: HP0101
//@ reason: Tool
//@ ask: 3 => 6

struct Tool {
    apply: fn(u32) -> u32,
}

fn twice(value: u32) -> u32 {
    value * 2
}

fn main() {
    let tool = Tool { apply: twice };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!(
            "{}",
            used(&tool, line.trim().parse().unwrap_or(0)).to_string()
        );
    }
}

fn used(tool: &Tool, value: u32) -> u32 {
    (tool.apply)(value)
}
