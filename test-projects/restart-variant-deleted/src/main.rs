//@ why: a value may be the variant that is gone, and those behind it get other numbers
//@ pair: variant-renamed
//@ ask: x => Open
//@ edit src/main.rs: replace "    Open,\n" with ""
//@ edit+ src/main.rs: replace "Door::Shut => Door::Open,\n            Door::Open => Door::Locked," with "Door::Shut => Door::Locked,"
//@ expect: restarted
//@ code: HP0101 or HP0102
//@ reason: Door
//@ ask: x => Locked

#[derive(Debug)]
enum Door {
    Shut,
    Open,
    Locked,
}

fn main() {
    let mut door = Door::Shut;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", next(&mut door, &line));
    }
}

fn next(door: &mut Door, request: &str) -> String {
    if request != "stay" {
        *door = match door {
            Door::Shut => Door::Open,
            Door::Open => Door::Locked,
            Door::Locked => Door::Shut,
        };
    }
    format!("{door:?}")
}
