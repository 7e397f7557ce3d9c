//@ why: main holds a value of a type whose name is gone; the function for the new name would be called by nobody
//@ pair: type-renamed
//@ ask: 3 => 3
//@ edit src/main.rs: replace "struct Counter" with "struct Tally"
//@ edit+ src/main.rs: replace "counter = Counter {" with "counter = Tally {"
//@ edit+ src/main.rs: replace "counter: &mut Counter" with "counter: &mut Tally"
//@ edit+ src/main.rs: replace "counter.count.to_string()" with "format!(\"{} so far\", counter.count)"
//@ expect: restarted
//@ code: HP0902
//@ reason: restart_type_renamed::add
//@ ask: 4 => 4 so far

struct Counter {
    count: u32,
}

fn main() {
    let mut counter = Counter { count: 0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(&mut counter, line.trim().parse().unwrap_or(0)));
    }
}

fn add(counter: &mut Counter, number: u32) -> String {
    counter.count += number;
    counter.count.to_string()
}
