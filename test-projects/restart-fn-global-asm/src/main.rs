//@ why: assembly outside of any function has no place in the jump table
//@ pair: fn-asm-body
//@ ask: 3 => 1003
//@ edit src/main.rs: replace "add rax, 1000" with "add rax, 2000"
//@ expect: restarted
//@ code: HP0203
//@ ask: 3 => 2003

std::arch::global_asm!(
    ".globl restart_fn_global_asm_added",
    ".type restart_fn_global_asm_added, @function",
    "restart_fn_global_asm_added:",
    "mov rax, rdi",
    "add rax, 1000",
    "ret",
    ".size restart_fn_global_asm_added, . - restart_fn_global_asm_added",
);

unsafe extern "C" {
    safe fn restart_fn_global_asm_added(number: u64) -> u64;
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    restart_fn_global_asm_added(request.trim().parse().unwrap_or(0)).to_string()
}
