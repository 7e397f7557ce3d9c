//@ why: an iterator behind a vtable overrides a method that it had from the standard library
//@ pair: restart-iterator-item
//@ ask: next => 0
//@ ask: skip => 4
//@ edit src/main.rs: replace "        Some(self.0 - 1)\n    }\n" with "        Some(self.0 - 1)\n    }\n    fn nth(&mut self, count: usize) -> Option<u32> {\n        self.0 += count as u32 * 100;\n        self.next()\n    }\n"
//@ expect: patched
//@ warm-only: five were taken before
//@ ask: skip => 305
//@ ask: next => 306

struct Numbers(u32);

impl Iterator for Numbers {
    type Item = u32;
    fn next(&mut self) -> Option<u32> {
        self.0 += 1;
        Some(self.0 - 1)
    }
}

fn main() {
    let mut numbers: Box<dyn Iterator<Item = u32>> = Box::new(Numbers(0));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut *numbers, &line));
    }
}

fn answer(numbers: &mut dyn Iterator<Item = u32>, request: &str) -> String {
    let number = if request == "skip" {
        numbers.nth(3)
    } else {
        numbers.next()
    };
    number.unwrap_or(0).to_string()
}
