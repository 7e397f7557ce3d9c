//@ why: an alias becomes another type, and with it the elements of a vector inside of a struct
//@ pair: alias-renamed
//@ ask: 3 => [3]
//@ edit src/main.rs: replace "type Id = u32;" with "type Id = u64;"
//@ expect: restarted
//@ code: HP0101
//@ reason: State
//@ ask: 4 => [4]

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
