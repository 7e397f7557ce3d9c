//@ why: with one more closure in front, nobody can tell whose the static inside of one of them is, and statics keep their value
//@ pair: cut-closure-inserted
//@ ask: make => made
//@ ask: 0 0 => 1
//@ ask: 0 0 => 2
//@ edit src/main.rs: replace "Box::new(|| COUNT" with "Box::new(|| 40),\n        Box::new(|| COUNT"
//@ expect: patched
//@ ask: 0 0 => 3
//@ edit src/main.rs: replace "Box::new(|| 40)," with "Box::new(|| { static INNER: AtomicU32 = AtomicU32::new(50); INNER.fetch_add(1, Ordering::Relaxed) }),"
//@ expect: patched
//@ ask: make => made
//@ ask: 1 0 => 50
//@ edit src/main.rs: replace "Box::new(|| { static" with "Box::new(|| 60),\n        Box::new(|| { static"
//@ expect: restarted
//@ code: HP0503
//@ reason: INNER
//@ ask: make => made
//@ ask: 0 1 => 50

use std::sync::atomic::{AtomicU32, Ordering};

static COUNT: AtomicU32 = AtomicU32::new(1);

type Say = Box<dyn Fn() -> u32>;

fn main() {
    let mut made = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut made, &line));
    }
}

fn answer(made: &mut Vec<Vec<Say>>, request: &str) -> String {
    let Some((row, column)) = request.split_once(' ') else {
        made.push(make());
        return "made".to_owned();
    };
    made[row.parse::<usize>().unwrap()][column.parse::<usize>().unwrap()]().to_string()
}

fn make() -> Vec<Say> {
    vec![
        Box::new(|| COUNT.fetch_add(1, Ordering::Relaxed)),
    ]
}
