//@ why: two functions, each with a type of the same name; one of the types changes, and a value of it lives
//@ pair: local-types
//@ ask: a => a 1
//@ ask: b => b 10
//@ edit src/main.rs: replace "    struct State(u8);" with "    struct State(u64);"
//@ edit+ src/main.rs: replace "u32::from(self.0)" with "self.0 as u32"
//@ expect: restarted
//@ code: HP0101 or HP0103
//@ reason: by_ten
//@ ask: a => a 1
//@ ask: b => b 10

trait Step {
    fn step(&mut self) -> u32;
}

fn by_one() -> Box<dyn Step> {
    struct State(u32);
    impl Step for State {
        fn step(&mut self) -> u32 {
            self.0 += 1;
            self.0
        }
    }
    Box::new(State(0))
}

fn by_ten() -> Box<dyn Step> {
    struct State(u8);
    impl Step for State {
        fn step(&mut self) -> u32 {
            self.0 += 10;
            u32::from(self.0)
        }
    }
    Box::new(State(0))
}

fn main() {
    let mut steps = [by_one(), by_ten()];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!(
            "{}",
            format!("{line} {}", steps[usize::from(line == "b")].step())
        );
    }
}
