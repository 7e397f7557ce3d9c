//@ why: another constant argument makes another instance and another type, of which no value exists yet
//@ pair: restart-generic-const-in-static
//@ ask: 7 => [7, 7, 7], stored [1, 1]
//@ edit src/main.rs: replace "repeated::<3>(number)" with "repeated::<5>(number + 1)"
//@ expect: patched
//@ ask: 7 => [8, 8, 8, 8, 8], stored [1, 1]
//@ edit src/main.rs: replace "[value; N]" with "[value * 10; N]"
//@ expect: patched
//@ ask: 7 => [80, 80, 80, 80, 80], stored [10, 10]

fn main() {
    let stored: fn(u32) -> Row<2> = repeated::<2>;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

#[derive(Debug)]
struct Row<const N: usize> {
    values: [u32; N],
}

fn answer(stored: fn(u32) -> Row<2>, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!(
        "{:?}, stored {:?}",
        repeated::<3>(number).values,
        stored(1).values
    )
}

fn repeated<const N: usize>(value: u32) -> Row<N> {
    Row { values: [value; N] }
}
