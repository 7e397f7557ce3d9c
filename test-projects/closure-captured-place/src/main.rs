//@ why: a closure captures two fields of a structure and uses both, before as after
//@ pair: restart-closure-captured-place
//@ ask: 1 => 103
//@ edit src/main.rs: replace "number + point.x + point.y" with "number + point.x - point.y"
//@ expect: patched
//@ ask: 1 => 99

#[derive(Clone)]
struct Point {
    x: i64,
    y: i64,
}

fn main() {
    let function = made(&Point { x: 100, y: 2 });
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&function, &line));
    }
}

fn answer(function: &impl Fn(i64) -> i64, request: &str) -> String {
    function(request.trim().parse().unwrap_or(0)).to_string()
}

fn made(point: &Point) -> Box<dyn Fn(i64) -> i64> {
    let point = point.clone();
    Box::new(move |number| number + point.x + point.y)
}
