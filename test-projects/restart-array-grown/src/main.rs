//@ why: a static array has no room for another element
//@ pair: array-of-locals
//@ ask: 5 => 5 [5, 0]
//@ edit src/main.rs: replace "static mut LAST: [u32; 2] = [0; 2];" with "static mut LAST: [u32; 3] = [0; 3];"
//@ edit+ src/main.rs: replace "[value, last[0]]" with "[value, last[0], last[1]]"
//@ expect: restarted
//@ code: HP0501
//@ reason: LAST
//@ ask: 6 => 6 [6, 0, 0]

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
