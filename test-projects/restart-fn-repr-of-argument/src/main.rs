//@ why: an attribute of an argument's type decides whether it is passed in registers or in memory
//@ pair: fn-cold-added
//@ ask: 3 => 13
//@ edit src/main.rs: replace "struct Point {" with "#[repr(C)]\nstruct Point {"
//@ edit+ src/main.rs: replace "point.x + point.y" with "point.x * point.y"
//@ edit+ src/main.rs: replace "10.0" with "20.0"
//@ expect: restarted
//@ code: HP0202 or HP0101 or HP0102
//@ ask: 3 => 60

struct Point {
    x: f64,
    y: f64,
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    folded(Point {
        x: request.trim().parse().unwrap_or(0.0),
        y: 10.0,
    })
    .to_string()
}

fn folded(point: Point) -> f64 {
    point.x + point.y
}
