//@ why: the arms of a match change places, and one its text; the variants stay
//@ pair: restart-variants-reordered
//@ ask: x => amber
//@ edit src/main.rs: replace "        Light::Red => \"red\",\n        Light::Amber => \"amber\"," with "        Light::Amber => \"yellow\",\n        Light::Red => \"red\","
//@ expect: patched
//@ only: match_arms_reordered::shown patched
//@ ask: stay => yellow
//@ ask: x => green

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
