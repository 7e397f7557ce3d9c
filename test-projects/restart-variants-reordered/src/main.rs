//@ why: the variants of an enum change places, and with them their numbers: a red light would become amber
//@ pair: match-arms-reordered
//@ ask: x => amber
//@ edit src/main.rs: replace "    Red,\n    Amber,\n" with "    Amber,\n    Red,\n"
//@ expect: restarted
//@ code: HP0102
//@ reason: Light
//@ ask: x => amber

#[derive(Clone, Copy)]
enum Light {
    Red,
    Amber,
    Green,
}

fn main() {
    let mut light = Light::Red;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", next(&mut light, &line));
    }
}

fn next(light: &mut Light, request: &str) -> &'static str {
    if request != "stay" {
        *light = match light {
            Light::Red => Light::Amber,
            Light::Amber => Light::Green,
            Light::Green => Light::Red,
        };
    }
    shown(*light)
}

fn shown(light: Light) -> &'static str {
    match light {
        Light::Red => "red",
        Light::Amber => "amber",
        Light::Green => "green",
    }
}
