//@ why: the numbers that the variants had anyhow are written out
//@ pair: restart-discriminant
//@ ask: x => Blue is 1
//@ edit src/main.rs: replace "    Red,\n    Blue,\n" with "    Red = 0,\n    Blue = 1,\n"
//@ expect: unchanged
//@ ask: x => Red is 0
//@ edit src/main.rs: replace "{colour:?} is {}" with "{colour:?} = {}"
//@ expect: patched
//@ ask: x => Blue = 1

#[derive(Debug, Clone, Copy)]
enum Colour {
    Red,
    Blue,
}

fn main() {
    let mut colour = Colour::Red;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            next(&mut colour)
        });
    }
}

fn next(colour: &mut Colour) -> String {
    *colour = match colour {
        Colour::Red => Colour::Blue,
        Colour::Blue => Colour::Red,
    };
    format!("{colour:?} is {}", *colour as u8)
}
