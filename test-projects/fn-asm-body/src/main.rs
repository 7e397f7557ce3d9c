//@ why: assembly inside of a function is part of its body, and may call other functions
//@ pair: restart-fn-global-asm
//@ ask: 3 => 1003
//@ edit src/main.rs: replace "add rax, 1000" with "add rax, 2000"
//@ expect: patched
//@ only: fn_asm_body::added patched
//@ ask: 3 => 2003
//@ edit src/main.rs: replace "number + 0" with "number * 10"
//@ expect: patched
//@ only: fn_asm_body::prepared patched
//@ ask: 3 => 2030

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    added(request.trim().parse().unwrap_or(0)).to_string()
}

fn added(number: u64) -> u64 {
    let sum: u64;
    unsafe {
        std::arch::asm!(
            "call {prepared}",
            "add rax, 1000",
            prepared = sym prepared,
            in("rdi") number,
            out("rax") sum,
            clobber_abi("C"),
        );
    }
    sum
}

extern "C" fn prepared(number: u64) -> u64 {
    number + 0
}
