//@ why: the data of a variant is no longer looked at, and stays in it
//@ pair: restart-variant-data-grown
//@ ask: 3 => 3 pieces
//@ edit src/main.rs: replace "Load::Pieces(count) => format!(\"{count} pieces\")" with "Load::Pieces(_) => \"some pieces\".to_owned()"
//@ expect: patched
//@ only: variant_ignored_data::put patched
//@ ask: 4 => some pieces

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
