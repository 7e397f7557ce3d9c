//@ why: operators of an own type, also inside of `sum`
//@ ask: 2 => (2, 3) (4, 6) true
//@ edit src/main.rs: replace "V(self.0 + other.0, self.1 + other.1)" with "V(self.0 + other.0, self.1 * other.1)"
//@ expect: patched
//@ ask: 2 => (2, 3) (4, 9) true

use std::ops::{Add, Index};

#[derive(Clone, Copy, PartialEq)]
struct V(i64, i64);

impl Add for V {
    type Output = V;
    fn add(self, other: V) -> V {
        V(self.0 + other.0, self.1 + other.1)
    }
}

impl Index<usize> for V {
    type Output = i64;
    fn index(&self, index: usize) -> &i64 {
        if index == 0 { &self.0 } else { &self.1 }
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    let v = V(number, number + 1);
    let sum = v + v;
    format!(
        "({}, {}) ({}, {}) {}",
        v[0],
        v[1],
        sum[0],
        sum[1],
        v == V(v[0], v[1])
    )
}
