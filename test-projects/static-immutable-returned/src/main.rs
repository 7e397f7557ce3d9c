//@ why: an immutable static goes away and comes back with another value, while its old value still lies in the program
//@ ask: x => 24 24
//@ edit src/main.rs: replace "static TABLE: [&Rule; 1] = [&LIMIT];\nstatic LIMIT: Rule = Rule { most: 24 };\n" with "static TABLE_2: [&Rule; 1] = [&LIMIT_2];\nstatic LIMIT_2: Rule = Rule { most: 24 };\n"
//@ edit+ src/main.rs: replace "LIMIT.most, TABLE[0].most" with "LIMIT_2.most, TABLE_2[0].most"
//@ expect: patched
//@ ask: x => 24 24
//@ edit src/main.rs: replace "static TABLE_2: [&Rule; 1] = [&LIMIT_2];\nstatic LIMIT_2: Rule = Rule { most: 24 };\n" with "static TABLE: [&Rule; 1] = [&LIMIT_3];\nstatic LIMIT_3: Rule = Rule { most: 44 };\n"
//@ edit+ src/main.rs: replace "LIMIT_2.most, TABLE_2[0].most" with "LIMIT_3.most, TABLE[0].most"
//@ expect: patched
//@ ask: x => 44 44
//@ edit src/main.rs: replace "static TABLE: [&Rule; 1] = [&LIMIT_3];\nstatic LIMIT_3: Rule = Rule { most: 44 };\n" with "static TABLE: [&Rule; 1] = [&LIMIT];\nstatic LIMIT: Rule = Rule { most: 50 };\n"
//@ edit+ src/main.rs: replace "LIMIT_3.most, TABLE[0].most" with "LIMIT.most, TABLE[0].most"
//@ expect: patched
//@ ask: x => 50 50

struct Rule {
    most: u32,
}

static TABLE: [&Rule; 1] = [&LIMIT];
static LIMIT: Rule = Rule { most: 24 };

fn main() {
    println!("ready");
    for _line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer());
    }
}

fn answer() -> String {
    format!("{} {}", LIMIT.most, TABLE[0].most)
}
