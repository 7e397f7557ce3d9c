//@ why: two variants get longer names at once, and each new name continues the old one of its number
//@ pair: restart-variants-renamed-crosswise
//@ ask: x => on
//@ edit src/main.rs: replace "    On,\n    Off," with "    SwitchedOn,\n    SwitchedOff,"
//@ edit+ src/main.rs: replace "= Switch::On;" with "= Switch::SwitchedOn;"
//@ edit+ src/main.rs: replace "Switch::On => \"on\",\n        Switch::Off => \"off\"," with "Switch::SwitchedOn => \"now on\",\n        Switch::SwitchedOff => \"now off\","
//@ expect: patched
//@ ask: x => now on

#[allow(dead_code)]
enum Switch {
    On,
    Off,
}

fn main() {
    let switch = Switch::On;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", show(&switch, &line));
    }
}

fn show(switch: &Switch, _request: &str) -> &'static str {
    match switch {
        Switch::On => "on",
        Switch::Off => "off",
    }
}
