//@ why: two functions, each with a type of the same name; a method of one is edited, values of both live
//@ pair: restart-local-type
//@ ask: a => a 1
//@ ask: b => b 10
//@ edit src/main.rs: replace "self.0 += 10" with "self.0 += 100"
//@ expect: patched
//@ warm-only: a cold start counts in the new way from the beginning
//@ ask: a => a 2
//@ ask: b => b 110

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
    struct State(u32);
    impl Step for State {
        fn step(&mut self) -> u32 {
            self.0 += 10;
            self.0
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
