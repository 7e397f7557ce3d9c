//@ why: a type alias changes what is inside of a vector that lives; no type of the program's own has another name
//@ ask: 3 => [3]
//@ edit src/main.rs: replace "type Id = u32" with "type Id = u64"
//@ expect: restarted
//@ ask: 4 => [4]

type Id = u32;

fn main() {
    let mut ids: Vec<Id> = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", push(&mut ids, line.trim().parse().unwrap_or(0)));
    }
}

fn push(ids: &mut Vec<Id>, id: Id) -> String {
    ids.push(id);
    format!("{ids:?}")
}
