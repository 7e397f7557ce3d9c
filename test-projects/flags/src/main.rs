//@ why: the bits of a set of flags are constants: one more is code
//@ pair: restart-flags-widened
//@ ask: 1 => bold
//@ edit src/main.rs: replace "const ALL: [(Style, &str); 2] = [(Style(1), \"bold\"), (Style(2), \"thin\")];" with "const ALL: [(Style, &str); 3] = [(Style(1), \"bold\"), (Style(2), \"thin\"), (Style(4), \"wide\")];"
//@ expect: patched
//@ ask: 6 => bold thin wide

#[derive(Clone, Copy)]
struct Style(u8);

const ALL: [(Style, &str); 2] = [(Style(1), "bold"), (Style(2), "thin")];

struct Pen {
    style: Style,
}

fn main() {
    let mut pen = Pen { style: Style(0) };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", set(&mut pen, line.trim().parse().unwrap_or(0)));
    }
}

fn set(pen: &mut Pen, bits: u8) -> String {
    pen.style.0 |= bits;
    let names: Vec<&str> = ALL
        .iter()
        .filter(|(flag, _)| pen.style.0 & flag.0 != 0)
        .map(|(_, name)| *name)
        .collect();
    names.join(" ")
}
