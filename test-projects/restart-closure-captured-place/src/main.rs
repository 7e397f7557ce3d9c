//@ why: a closure captured one field of a structure and now captures its neighbour, which has the same type
//@ pair: closure-captured-place
//@ ask: 1 => 101
//@ edit src/main.rs: replace "number + point.x)" with "number + point.y)"
//@ expect: restarted
//@ code: HP0902
//@ ask: 1 => 3

#[allow(dead_code)]
struct Point {
    x: i64,
    y: i64,
}

fn main() {
    let function = made(Point { x: 100, y: 2 });
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&function, &line));
    }
}

fn answer(function: &impl Fn(i64) -> i64, request: &str) -> String {
    function(request.trim().parse().unwrap_or(0)).to_string()
}

fn made(point: Point) -> Box<dyn Fn(i64) -> i64> {
    Box::new(move |number| number + point.x)
}
