//@ why: memory is kept as a number and taken for what an alias in another file stands for; another alias is edited there
//@ pair: restart-cast-elsewhere
//@ ask: 3 => 3
//@ edit src/names.rs: replace "type Other = Large" with "type Other = Small"
//@ edit+ src/main.rs: replace ".count += number;" with ".count += number + 1;"
//@ expect: patched
//@ warm-only: a cold start has counted nothing
//@ ask: 4 => 8

mod data;
mod names;

fn main() {
    let counter = names::create();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(counter, line.trim().parse().unwrap_or(0)));
    }
}

fn add(counter: usize, number: u32) -> String {
    // SAFETY: made by `create`.
    unsafe {
        (*(counter as *mut names::Data)).count += number;
        (*(counter as *mut names::Data)).count.to_string()
    }
}
