//@ why: a stack frame of many pages, which has to be probed
//@ ask: 7 => 7168 KiB-sums 458752
//@ edit src/main.rs: replace "[value; 1 << 16]" with "[value; 1 << 20]"
//@ expect: patched
//@ ask: 7 => 7168 KiB-sums 7340032

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let value: u8 = request.trim().parse().unwrap_or(0);
    format!("{} KiB-sums {}", u32::from(value) * 1024, sum(value))
}

fn sum(value: u8) -> u64 {
    let large = [value; 1 << 16];
    std::hint::black_box(&large)
        .iter()
        .map(|value| u64::from(*value))
        .sum()
}
