//@ why: a function gets another name, with all who call it
//@ pair: restart-function-renamed-with-static
//@ ask: x => 1
//@ edit src/main.rs: replace "fn count(" with "fn tally("
//@ edit+ src/main.rs: replace "    count(state)" with "    tally(state)"
//@ edit+ src/main.rs: replace "state.to_string()" with "format!(\"no. {state}\")"
//@ expect: patched
//@ function: function_renamed::tally new
//@ ask: x => no. 2

fn main() {
    let mut state = 0;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            answer(&mut state)
        });
    }
}

fn answer(state: &mut u32) -> String {
    count(state)
}

fn count(state: &mut u32) -> String {
    *state += 1;
    state.to_string()
}
