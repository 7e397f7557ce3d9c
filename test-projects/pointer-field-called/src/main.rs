//@ why: a function pointer in a field is called once more
//@ pair: restart-pointer-abi
//@ ask: 3 => 6
//@ edit src/main.rs: replace "(tool.apply)(value)" with "(tool.apply)((tool.apply)(value))"
//@ expect: patched
//@ only: pointer_field_called::used patched
//@ ask: 3 => 12

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
