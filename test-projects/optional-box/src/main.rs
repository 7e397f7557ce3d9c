//@ why: a box that may be absent is emptied by new code
//@ pair: restart-box-optional
//@ ask: a => a after nothing
//@ edit src/main.rs: replace "let before = desk.note.replace(Box::new(Note(name.to_owned())));" with "let before = desk.note.take();"
//@ expect: patched
//@ warm-only: a cold start never fills the box
//@ ask: b => b after a
//@ ask: c => c after nothing

struct Note(String);

struct Desk {
    note: Option<Box<Note>>,
}

fn main() {
    let mut desk = Desk { note: None };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", put(&mut desk, &line));
    }
}

fn put(desk: &mut Desk, name: &str) -> String {
    let before = desk.note.replace(Box::new(Note(name.to_owned())));
    format!(
        "{name} after {}",
        before.map_or("nothing".to_owned(), |note| note.0)
    )
}
