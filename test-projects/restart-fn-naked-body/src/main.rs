//@ why: a naked function has no place in the jump table, so its body cannot be replaced
//@ pair: fn-naked-caller
//@ ask: 3 => direct 10, stored 7
//@ edit src/main.rs: replace "mov eax, 7" with "mov eax, 9"
//@ expect: restarted
//@ code: HP0203
//@ reason: seven
//@ ask: 3 => direct 12, stored 9

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
