//@ why: a field that was written and never read: it has been there all the time
//@ pair: restart-field-in-padding
//@ ask: x => 1
//@ edit src/main.rs: replace "format!(\"{}\", cell.count)" with "format!(\"{} {}\", cell.count, cell.mark)"
//@ expect: patched
//@ only: field_first_read::tick patched
//@ ask: x => 2 7

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
