//@ why: a field's type goes away and another one of equal layout takes its place: metres are no feet
//@ pair: type-removed
//@ ask: 4 => 4 m
//@ edit src/main.rs: replace "struct Metres(u32);" with "struct Feet(u32);"
//@ edit+ src/main.rs: replace "height: Metres," with "height: Feet,"
//@ edit+ src/main.rs: replace "height: Metres(0)" with "height: Feet(0)"
//@ edit+ src/main.rs: replace "{} m\"" with "{} ft\""
//@ expect: restarted
//@ code: HP0101
//@ reason: Tower
//@ ask: 5 => 5 ft

struct Metres(u32);

struct Tower {
    height: Metres,
}

fn main() {
    let mut tower = Tower { height: Metres(0) };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", raise(&mut tower, line.trim().parse().unwrap_or(0)));
    }
}

fn raise(tower: &mut Tower, by: u32) -> String {
    tower.height.0 += by;
    format!("{} m", tower.height.0)
}
