//@ why: an alias is a name for a type, and no type: another name is the same type
//@ pair: restart-alias-in-field
//@ ask: 3 => [3]
//@ edit src/main.rs: replace "type Id = u32;" with "type Key = u32;"
//@ edit+ src/main.rs: replace "ids: Vec<Id>," with "ids: Vec<Key>,"
//@ edit+ src/main.rs: replace "id: Id)" with "id: Key)"
//@ expect: unchanged
//@ ask: 4 => [3, 4]
//@ edit src/main.rs: replace "format!(\"{:?}\", " with "format!(\"ids {:?}\", "
//@ expect: patched
//@ ask: 5 => ids [3, 4, 5]

type Id = u32;

struct State {
    ids: Vec<Id>,
}

fn main() {
    let mut state = State { ids: Vec::new() };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", put(&mut state, line.trim().parse().unwrap_or(0)));
    }
}

fn put(state: &mut State, id: Id) -> String {
    state.ids.push(id);
    format!("{:?}", state.ids)
}
