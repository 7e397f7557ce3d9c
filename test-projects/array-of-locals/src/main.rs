//@ why: a longer array inside of a function; the one that lives keeps its length
//@ pair: restart-array-grown
//@ ask: 5 => 5 [5, 0]
//@ edit src/main.rs: replace "let weights = [1; 2];" with "let weights = [1, 1, 3];"
//@ edit+ src/main.rs: replace "format!(\"{sum} {last:?}\")" with "format!(\"{sum} by {} {last:?}\", weights.len())"
//@ expect: patched
//@ function: array_of_locals::put patched
//@ ask: 6 => 11 by 3 [6, 5]

static mut LAST: [u32; 2] = [0; 2];

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", put(line.trim().parse().unwrap_or(0)));
    }
}

fn put(value: u32) -> String {
    // SAFETY: the program has one thread.
    let last = unsafe { &mut *(&raw mut LAST) };
    *last = [value, last[0]];
    let weights = [1; 2];
    let sum: u32 = last
        .iter()
        .zip(weights)
        .map(|(value, weight)| value * weight)
        .sum();
    format!("{sum} {last:?}")
}
