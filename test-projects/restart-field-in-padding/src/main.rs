//@ why: a field that fits into the padding: size and all other fields stay, but old values hold garbage there
//@ pair: field-first-read
//@ ask: x => 1
//@ edit src/main.rs: replace "    mark: u8,\n" with "    mark: u8,\n    tone: u8,\n"
//@ edit+ src/main.rs: replace "mark: 7 }" with "mark: 7, tone: 9 }"
//@ edit+ src/main.rs: replace "format!(\"{}\", cell.count)" with "format!(\"{} {}\", cell.count, cell.tone)"
//@ expect: restarted
//@ code: HP0101
//@ reason: Cell
//@ ask: x => 1 9

#[allow(dead_code)]
struct Cell {
    count: u32,
    mark: u8,
}

fn main() {
    let mut cell = Cell { count: 0, mark: 7 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            tick(&mut cell)
        });
    }
}

fn tick(cell: &mut Cell) -> String {
    cell.count += 1;
    format!("{}", cell.count)
}
