//@ why: four bytes that were an integer would be read as a float: 3 would be 4e-45
//@ pair: field-through-float
//@ ask: x => 2
//@ ask: x => 3
//@ edit src/main.rs: replace "level: u32" with "level: f32"
//@ edit+ src/main.rs: replace "level: 1 }" with "level: 1.0 }"
//@ edit+ src/main.rs: replace "gauge.level += 1" with "gauge.level += 1.5"
//@ expect: restarted
//@ code: HP0101
//@ reason: was `u32`, now it is `f32`
//@ ask: x => 2.5

struct Gauge {
    level: u32,
}

fn main() {
    let mut gauge = Gauge { level: 1 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            rise(&mut gauge)
        });
    }
}

fn rise(gauge: &mut Gauge) -> String {
    gauge.level += 1;
    gauge.level.to_string()
}
