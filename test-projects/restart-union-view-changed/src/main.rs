//@ why: another view of a union's bytes
//@ pair: union-other-view
//@ ask: 258 => 258
//@ edit src/main.rs: replace "bytes: [u8; 4]" with "bytes: [i16; 2]"
//@ edit+ src/main.rs: replace "unsafe { word.whole }.to_string()" with "format!(\"{:?}\", unsafe { word.bytes })"
//@ expect: restarted
//@ code: HP0101
//@ reason: Word
//@ ask: 1 => [1, 0]

#[allow(dead_code)]
union Word {
    whole: u32,
    bytes: [u8; 4],
}

fn main() {
    let mut word = Word { whole: 0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(&mut word, line.trim().parse().unwrap_or(0)));
    }
}

fn add(word: &mut Word, value: u32) -> String {
    // SAFETY: all bit patterns are values of both fields.
    word.whole = unsafe { word.whole } + value;
    // SAFETY: as above.
    unsafe { word.whole }.to_string()
}
