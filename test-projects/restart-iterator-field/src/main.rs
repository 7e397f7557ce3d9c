//@ why: an iterator that is half consumed has no place for the field that its type gets
//@ pair: iterator-boxed
//@ ask: x => 0
//@ ask: x => 10
//@ edit src/main.rs: replace "struct Numbers {\n    next: u32,\n}" with "struct Numbers {\n    next: u32,\n    by: u32,\n}"
//@ edit+ src/main.rs: replace "Numbers { next: 0 }" with "Numbers { next: 0, by: 100 }"
//@ edit+ src/main.rs: replace "(self.next - 1) * 10" with "(self.next - 1) * self.by"
//@ expect: restarted
//@ code: HP0101
//@ reason: Numbers
//@ ask: x => 0
//@ ask: x => 100

struct Numbers {
    next: u32,
}

impl Iterator for Numbers {
    type Item = u32;
    fn next(&mut self) -> Option<u32> {
        self.next += 1;
        Some((self.next - 1) * 10)
    }
}

fn main() {
    let mut numbers: Box<dyn Iterator<Item = u32>> = Box::new(Numbers { next: 0 });
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut numbers, &line));
    }
}

fn answer(numbers: &mut dyn Iterator<Item = u32>, _request: &str) -> String {
    numbers
        .next()
        .map_or("end".to_owned(), |number| number.to_string())
}
