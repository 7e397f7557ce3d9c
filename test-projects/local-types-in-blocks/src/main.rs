//@ why: two types of one name in two blocks of one function; nothing but a text changes
//@ pair: restart-local-types-in-blocks
//@ ask: a => 1 by one
//@ ask: b => 10 by ten
//@ edit src/main.rs: replace "by ten" with "in tens"
//@ expect: patched
//@ ask: a => 2 by one
//@ ask: b => 20 in tens

type Step = Box<dyn FnMut() -> String>;

fn steps() -> [Step; 2] {
    let one: Step = {
        struct State {
            count: u8,
        }
        let mut state = State { count: 0 };
        Box::new(move || {
            state.count += 1;
            by_one(state.count)
        })
    };
    let ten: Step = {
        struct State {
            count: u64,
        }
        let mut state = State { count: 0 };
        Box::new(move || {
            state.count += 10;
            by_ten(state.count)
        })
    };
    [one, ten]
}

fn by_one(count: u8) -> String {
    format!("{count} by one")
}

fn by_ten(count: u64) -> String {
    format!("{count} by ten")
}

fn main() {
    let mut steps = steps();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", steps[usize::from(line == "b")]());
    }
}
