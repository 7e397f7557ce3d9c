//@ why: a field in front of the others moves them all
//@ pair: associated-const-added
//@ ask: x => 1 of 10
//@ edit src/main.rs: replace "    level: u32,\n" with "    step: u32,\n    level: u32,\n"
//@ edit+ src/main.rs: replace "        level: 0,\n" with "        step: 3,\n        level: 0,\n"
//@ edit+ src/main.rs: replace "self.level += 1" with "self.level += self.step"
//@ expect: restarted
//@ code: HP0101
//@ reason: Gauge
//@ ask: x => 3 of 10

#[repr(C)]
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
