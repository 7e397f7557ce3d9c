//@ why: two variants get new names at once: by their numbers `On` became `Disabled`
//@ pair: variants-prefixed
//@ ask: x => on
//@ edit src/main.rs: replace "    On,\n    Off," with "    Disabled,\n    Enabled,"
//@ edit+ src/main.rs: replace "= Switch::On;" with "= Switch::Enabled;"
//@ edit+ src/main.rs: replace "Switch::On => \"on\",\n        Switch::Off => \"off\"," with "Switch::Enabled => \"now on\",\n        Switch::Disabled => \"now off\","
//@ expect: restarted
//@ code: HP0103
//@ reason: `On` became `Disabled`
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
