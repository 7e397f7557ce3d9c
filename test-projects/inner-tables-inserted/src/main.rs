//@ why: immutable statics inside of blocks, and one more above them of the same path
//@ ask: x => 11 12, 21 22
//@ edit src/main.rs: replace "let mut parts = Vec::new();" with "let mut parts = Vec::new();\n    {\n        static TABLE: [u32; 2] = [1, 2];\n        parts.push(shown(&TABLE));\n    }"
//@ expect: patched
//@ ask: x => 1 2, 11 12, 21 22
//@ edit src/main.rs: replace "[11, 12]" with "[13, 14]"
//@ expect: patched
//@ ask: x => 1 2, 13 14, 21 22
//@ edit src/main.rs: replace "[1, 2]" with "[3, 4]"
//@ expect: patched
//@ ask: x => 3 4, 13 14, 21 22

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn shown(table: &[u32; 2]) -> String {
    format!("{} {}", table[0], table[1])
}

fn answer(_request: &str) -> String {
    let mut parts = Vec::new();
    {
        static TABLE: [u32; 2] = [11, 12];
        parts.push(shown(&TABLE));
    }
    {
        static TABLE: [u32; 2] = [21, 22];
        parts.push(shown(&TABLE));
    }
    parts.join(", ")
}
