//@ why: a generic function that calls itself with another type, by pointers that were stored before the edit
//@ pair: restart-generic-recursion-node
//@ ask: 3 => direct (3, 3), stored (1, 3)
//@ edit src/main.rs: replace "(size_of::<T>(), number)" with "(size_of::<T>() * 100, number)"
//@ expect: patched
//@ ask: 3 => direct (300, 3), stored (100, 3)
//@ edit src/main.rs: replace "flipped(second, first, number + 1)" with "flipped(first, second, number + 2)"
//@ expect: patched
//@ ask: 3 => direct (300, 3), stored (100, 3)
//@ edit src/main.rs: replace "(size_of::<T>() * 100, number)" with "(size_of::<(U, U)>() * 100, number)"
//@ expect: patched
//@ ask: 3 => direct (200, 3), stored (600, 3)

fn main() {
    let stored: fn(u8, [u8; 3], u32) -> (usize, u32) = flipped;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: fn(u8, [u8; 3], u32) -> (usize, u32), request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!(
        "direct {:?}, stored {:?}",
        flipped([0_u8; 3], 0_u8, number % 2),
        stored(0, [0; 3], number % 2)
    )
}

/// Calls itself with the types exchanged, until `number` is 3.
fn flipped<T, U>(first: T, second: U, number: u32) -> (usize, u32) {
    if number == 3 {
        drop((first, second));
        return (size_of::<T>(), number);
    }
    flipped(second, first, number + 1)
}
