//@ why: functions and types over numbers
//@ pair: restart-const-argument
//@ ask: 2 => 6 of 3, 10 of 5
//@ edit src/main.rs: replace "self.0.iter().sum::<u64>()" with "self.0.iter().product::<u64>()"
//@ expect: patched
//@ ask: 2 => 8 of 3, 32 of 5

struct Row<const N: usize>([u64; N]);

impl<const N: usize> Row<N> {
    fn show(&self) -> String {
        format!("{} of {N}", self.0.iter().sum::<u64>())
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let value = request.trim().parse().unwrap_or(0);
    format!(
        "{}, {}",
        Row::<3>([value; 3]).show(),
        Row::<5>([value; 5]).show()
    )
}
