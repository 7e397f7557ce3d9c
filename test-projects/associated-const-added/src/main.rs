//@ why: a constant of a type lies in no value
//@ pair: restart-field-in-front
//@ ask: x => 1 of 10
//@ edit src/main.rs: replace "impl Gauge {" with "impl Gauge {\n    const STEP: u32 = 3;\n"
//@ edit+ src/main.rs: replace "self.level += 1" with "self.level += Self::STEP"
//@ expect: patched
//@ only: <associated_const_added::Gauge>::step patched
//@ warm-only: a cold start counts in the new way from the beginning
//@ ask: x => 4 of 10

struct Gauge {
    level: u32,
    limit: u32,
}

impl Gauge {
    fn step(&mut self) -> String {
        self.level += 1;
        format!("{} of {}", self.level, self.limit)
    }
}

fn main() {
    let mut gauge = Gauge {
        level: 0,
        limit: 10,
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            gauge.step()
        });
    }
}
