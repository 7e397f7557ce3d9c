//@ why: a library returns another opaque type, and the program has put one into a generic value that it keeps
//@ pair: generic-library-interface
//@ ask: x => 0
//@ ask: x => 1
//@ edit library/src/lib.rs: replace "    0..\n" with "    (0_u32..).step_by(4)\n"
//@ expect: restarted
//@ code: HP0101 or HP0201 or HP0902
//@ ask: x => 0
//@ ask: x => 4

fn main() {
    let mut kept = Kept {
        taken: 0,
        numbers: generic_library::numbers(),
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut kept, &line));
    }
}

struct Kept<I> {
    taken: u32,
    numbers: I,
}

fn answer(kept: &mut Kept<impl Iterator<Item = u32>>, _request: &str) -> String {
    kept.taken += 1;
    kept.numbers
        .next()
        .map_or(kept.taken, |number| number)
        .to_string()
}
