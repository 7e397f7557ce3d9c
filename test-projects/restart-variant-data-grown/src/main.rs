//@ why: the data of a variant becomes longer
//@ pair: variant-ignored-data
//@ ask: 3 => 3 pieces
//@ edit src/main.rs: replace "Pieces(u32)" with "Pieces(u64)"
//@ edit+ src/main.rs: replace "more: u32" with "more: u64"
//@ expect: restarted
//@ code: HP0101
//@ reason: Load
//@ ask: 4 => 4 pieces

enum Load {
    Nothing,
    Pieces(u32),
}

fn main() {
    let mut load = Load::Nothing;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", put(&mut load, line.trim().parse().unwrap_or(0)));
    }
}

fn put(load: &mut Load, more: u32) -> String {
    *load = match load {
        Load::Nothing => Load::Pieces(more),
        Load::Pieces(count) => Load::Pieces(*count + more),
    };
    match load {
        Load::Nothing => "nothing".to_owned(),
        Load::Pieces(count) => format!("{count} pieces"),
    }
}
