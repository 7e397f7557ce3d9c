//@ why: an included file of bytes, behind a reference: its length may change
//@ pair: restart-include-bytes
//@ ask: x => 3 bytes, first a
//@ edit src/data.txt: replace "abc" with "zabc"
//@ expect: patched
//@ ask: x => 4 bytes, first z

static DATA: &[u8] = include_bytes!("data.txt");

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            shown()
        });
    }
}

fn shown() -> String {
    format!("{} bytes, first {}", DATA.len(), DATA[0] as char)
}
