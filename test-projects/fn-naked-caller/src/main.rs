//@ why: a naked function is called by code that changes, and through a pointer that was stored before
//@ pair: restart-fn-naked-body
//@ ask: 3 => direct 10, stored 7
//@ edit src/main.rs: replace "seven() + number" with "seven() * number"
//@ expect: patched
//@ only: fn_naked_caller::direct patched
//@ ask: 3 => direct 21, stored 7

type Number = extern "C" fn() -> u64;

fn main() {
    let stored: Number = seven;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: Number, request: &str) -> String {
    format!(
        "direct {}, stored {}",
        direct(request.trim().parse().unwrap_or(0)),
        stored()
    )
}

fn direct(number: u64) -> u64 {
    seven() + number
}

#[unsafe(naked)]
extern "C" fn seven() -> u64 {
    std::arch::naked_asm!("mov eax, 7", "ret")
}
