//@ why: a function beside assembly is edited, which stays as it is
//@ pair: restart-assembly-labels
//@ ask: 3 => 1003
//@ edit src/main.rs: replace "sum.to_string()" with "format!(\"sum {sum}\")"
//@ expect: patched
//@ ask: 3 => sum 1003

std::arch::global_asm!(
    ".globl assembly_labels_add",
    "assembly_labels_add:",
    "mov rax, rdi",
    "add rax, 1000",
    "ret",
);

unsafe extern "C" {
    safe fn assembly_labels_add(number: u64) -> u64;
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let sum = assembly_labels_add(request.trim().parse().unwrap_or(0));
    sum.to_string()
}
