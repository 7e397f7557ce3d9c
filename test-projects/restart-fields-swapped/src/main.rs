//@ why: the same bytes stand for something else
//@ pair: field-renamed
//@ ask: 1 => x=2 y=20
//@ edit src/main.rs: replace "    x: f32,\n    y: f32,\n" with "    y: f32,\n    x: f32,\n"
//@ expect: restarted
//@ code: HP0102
//@ reason: Point
//@ ask: 1 => x=2 y=20

#[repr(C)]
struct Point {
    x: f32,
    y: f32,
}

fn main() {
    let mut point = Point { x: 1.0, y: 10.0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", scale(&mut point, line.trim().parse().unwrap_or(0.0)));
    }
}

fn scale(point: &mut Point, factor: f32) -> String {
    point.x *= factor + 1.0;
    point.y *= factor + 1.0;
    format!("x={} y={}", point.x, point.y)
}
