//@ why: another constant argument makes another type, of a static that exists
//@ pair: generic-const-argument
//@ ask: 7 => [7, 0, 0]
//@ ask: 8 => [7, 8, 0]
//@ edit src/main.rs: replace "static ROW: Mutex<Row<3>>" with "static ROW: Mutex<Row<5>>"
//@ expect: restarted
//@ code: HP0501
//@ reason: ROW
//@ ask: 7 => [7, 0, 0, 0, 0]

use std::sync::Mutex;

struct Row<const N: usize> {
    values: [u32; N],
    used: usize,
}

impl<const N: usize> Row<N> {
    const fn new() -> Self {
        Self {
            values: [0; N],
            used: 0,
        }
    }

    fn add(&mut self, value: u32) -> String {
        self.values[self.used % N] = value;
        self.used += 1;
        format!("{:?}", self.values)
    }
}

static ROW: Mutex<Row<3>> = Mutex::new(Row::new());

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    ROW.lock().unwrap().add(request.trim().parse().unwrap_or(0))
}
