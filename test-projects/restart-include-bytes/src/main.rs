//@ why: an included file of bytes as an array: another length is another type
//@ pair: include-bytes
//@ ask: x => 3 bytes, first a
//@ edit src/data.txt: replace "abc" with "zabc"
//@ edit+ src/main.rs: replace "LENGTH: usize = 3" with "LENGTH: usize = 4"
//@ expect: restarted
//@ code: HP0501
//@ reason: DATA
//@ ask: x => 4 bytes, first z

const LENGTH: usize = 3;

static DATA: [u8; LENGTH] = *include_bytes!("data.txt");

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
