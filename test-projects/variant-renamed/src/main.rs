//@ why: a variant gets another name and keeps its number
//@ pair: restart-variant-deleted
//@ ask: x => Open
//@ edit src/main.rs: replace "    Open,\n" with "    Ready,\n"
//@ edit+ src/main.rs: replace "Door::Shut => Door::Open," with "Door::Shut => Door::Ready,"
//@ edit+ src/main.rs: replace "Door::Open => Door::Locked," with "Door::Ready => Door::Locked,"
//@ expect: patched
//@ ask: stay => Ready
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
