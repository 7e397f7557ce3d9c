//@ why: assembly outside of any function has labels without a type, and data: what it holds has no place in the jump table
//@ pair: assembly-labels
//@ ask: 3 => 1003 7
//@ edit src/add.s: replace "add rax, 1000" with "add rax, 2000"
//@ expect: restarted
//@ code: HP0203
//@ reason: restart_assembly_labels_add
//@ ask: 3 => 2003 7
//@ edit src/main.rs: replace ".long 7" with ".long 8"
//@ expect: restarted
//@ code: HP0203
//@ ask: 3 => 2003 8

std::arch::global_asm!(include_str!("add.s"));
std::arch::global_asm!(
    ".section .rodata.restart_assembly_labels_number, \"a\"",
    ".globl restart_assembly_labels_number",
    "restart_assembly_labels_number:",
    ".long 7",
    ".text",
);

unsafe extern "C" {
    safe fn restart_assembly_labels_add(number: u64) -> u64;
    safe static restart_assembly_labels_number: u32;
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let sum = restart_assembly_labels_add(request.trim().parse().unwrap_or(0));
    format!("{sum} {restart_assembly_labels_number}")
}
