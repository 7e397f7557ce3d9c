//@ why: what main's frame owns stays, through three patches of the function that works on it
//@ ask: a => [1]
//@ ask: b => [1, 2]
//@ edit src/main.rs: replace "values.len() + 1" with "values.len() + 10"
//@ expect: patched
//@ only: body_state::step patched
//@ warm-only: the first two values come from the first code
//@ ask: c => [1, 2, 12]
//@ edit src/main.rs: replace "values.len() + 10" with "values.iter().sum()"
//@ expect: patched
//@ warm-only: as above
//@ ask: d => [1, 2, 12, 15]
//@ edit src/main.rs: replace "values.push(next);" with "values.push(next);\n    values.reverse();"
//@ expect: patched
//@ warm-only: as above
//@ ask: e => [30, 15, 12, 2, 1]

fn main() {
    println!("ready");
    let mut values: Vec<usize> = Vec::new();
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        step(&mut values);
        println!("{values:?}");
    }
}

fn step(values: &mut Vec<usize>) {
    let next: usize = values.len() + 1;
    values.push(next);
}
