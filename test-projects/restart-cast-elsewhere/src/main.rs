//@ why: memory is kept as a number and taken for what an alias in another file stands for; the cast is not edited
//@ pair: cast-elsewhere
//@ ask: 3 => 3
//@ edit src/names.rs: replace "type Data = Small" with "type Data = Large"
//@ edit+ src/names.rs: replace "type Other = Large" with "type Other = Small"
//@ edit+ src/names.rs: replace "Box::new(Small { count: 0 })" with "Box::new(Large {\n        rounds: 0,\n        count: 0,\n    })"
//@ expect: restarted
//@ code: HP0103
//@ reason: `restart_cast_elsewhere::add` takes memory
//@ ask: 4 => 4

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
