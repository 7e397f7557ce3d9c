//@ why: a pointer of the same size that may now be null: whatever was compiled before relies on its never being so
//@ pair: optional-box
//@ ask: a => a after start
//@ edit src/main.rs: replace "note: Box<Note>," with "note: Option<Box<Note>>,"
//@ edit+ src/main.rs: replace "note: Box::new(Note(\"start\".to_owned()))" with "note: None"
//@ edit+ src/main.rs: replace "let before = std::mem::replace(&mut desk.note, Box::new(Note(name.to_owned())));\n    format!(\"{name} after {}\", before.0)" with "let before = desk.note.replace(Box::new(Note(name.to_owned())));\n    format!(\"{name} after {}\", before.map_or(\"nothing\".to_owned(), |note| note.0))"
//@ expect: restarted
//@ code: HP0101
//@ reason: Desk
//@ ask: b => b after nothing

struct Note(String);

struct Desk {
    note: Box<Note>,
}

fn main() {
    let mut desk = Desk {
        note: Box::new(Note("start".to_owned())),
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", put(&mut desk, &line));
    }
}

fn put(desk: &mut Desk, name: &str) -> String {
    let before = std::mem::replace(&mut desk.note, Box::new(Note(name.to_owned())));
    format!("{name} after {}", before.0)
}
