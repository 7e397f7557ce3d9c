//@ why: another result type; the only caller has the same text as before, and means another function
//@ pair: restart-fn-result-widened-dyn
//@ ask: 3000000000 => 3000000000
//@ edit src/main.rs: replace "fn total(number: u32) -> u32 {\n    number.wrapping_mul(1)" with "fn total(number: u32) -> u64 {\n    u64::from(number) * 2"
//@ expect: patched
//@ function: fn_result_widened::answer patched
//@ ask: 3000000000 => 6000000000

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    total(request.trim().parse().unwrap_or(0)).to_string()
}

fn total(number: u32) -> u32 {
    number.wrapping_mul(1)
}
