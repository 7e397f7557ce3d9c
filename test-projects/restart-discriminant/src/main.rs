//@ why: values in memory keep the old numbers
//@ pair: discriminant-spelled
//@ ask: x => Red 1
//@ edit src/main.rs: replace "Red = 1" with "Red = 3"
//@ expect: restarted
//@ code: HP0101 or HP0102
//@ reason: Colour
//@ ask: x => Red 3

#[derive(Debug, Clone, Copy)]
#[allow(dead_code)]
enum Colour {
    Red = 1,
    Green = 2,
}

fn main() {
    let mut colours = vec![Colour::Red];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", describe(&mut colours, &line));
    }
}

fn describe(colours: &mut Vec<Colour>, request: &str) -> String {
    if request == "green" {
        colours.push(Colour::Green);
    }
    let colour = colours[colours.len() - 1];
    format!("{colour:?} {}", colour as i32)
}
