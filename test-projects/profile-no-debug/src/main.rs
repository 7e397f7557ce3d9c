//@ why: without debug info nothing can be judged, so the tool has it made for the members
//@ warning: HP0003
//@ ask: x => 1 x
//@ edit src/main.rs: replace "{} {request}" with "{}: {request}"
//@ expect: patched
//@ ask: x => 2: x
//@ edit src/main.rs: replace "calls: u32," with "calls: u64,"
//@ expect: restarted
//@ code: HP0101
//@ ask: x => 1: x

struct State {
    calls: u32,
}

fn main() {
    let mut state = State { calls: 0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut state, &line));
    }
}

fn answer(state: &mut State, request: &str) -> String {
    state.calls += 1;
    format!("{} {request}", state.calls)
}
