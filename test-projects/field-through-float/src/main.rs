//@ why: the code calculates in another type; what lies in memory is an integer as before
//@ pair: restart-field-float
//@ ask: x => 2
//@ ask: x => 3
//@ edit src/main.rs: replace "gauge.level += 1" with "gauge.level = (gauge.level as f32 * 1.5 + 0.5) as u32"
//@ expect: patched
//@ only: field_through_float::rise patched
//@ ask: x => 5

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
