//@ why: an iterator that is half consumed gives items of another type, and is behind a vtable
//@ pair: iterator-default-overridden
//@ ask: next => 0
//@ ask: next => 1
//@ edit src/main.rs: replace "type Item = u32;" with "type Item = u64;"
//@ edit+ src/main.rs: replace "fn next(&mut self) -> Option<u32> {\n        self.0 += 1;\n        Some(self.0 - 1)" with "fn next(&mut self) -> Option<u64> {\n        self.0 += 1;\n        Some((u64::from(self.0) - 1) << 40)"
//@ edit+ src/main.rs: replace "type Object = Box<dyn Iterator<Item = u32>>;" with "type Object = Box<dyn Iterator<Item = u64>>;"
//@ expect: restarted
//@ code: HP0201 or HP0401 or HP0101
//@ ask: next => 0
//@ ask: next => 1099511627776

type Object = Box<dyn Iterator<Item = u32>>;

struct Numbers(u32);

impl Iterator for Numbers {
    type Item = u32;
    fn next(&mut self) -> Option<u32> {
        self.0 += 1;
        Some(self.0 - 1)
    }
}

fn main() {
    let mut numbers: Object = Box::new(Numbers(0));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut numbers, &line));
    }
}

fn answer(numbers: &mut Object, _request: &str) -> String {
    numbers.next().unwrap_or(0).to_string()
}
