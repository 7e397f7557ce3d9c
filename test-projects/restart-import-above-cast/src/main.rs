//@ why: memory is kept as a number; the type of that name is imported from another module, and the cast is not edited
//@ ask: 3 => 3
//@ edit src/main.rs: replace "use first::Counter;" with "use second::Counter;"
//@ expect: restarted
//@ code: HP0103
//@ reason: takes memory
//@ ask: 4 => 4

use first::Counter;

#[allow(dead_code)]
mod first {
    #[derive(Default)]
    pub struct Counter {
        pub count: u32,
    }
}

#[allow(dead_code)]
mod second {
    #[derive(Default)]
    pub struct Counter {
        pub rounds: [u64; 4],
        pub count: u32,
    }
}

fn main() {
    let counter = Box::into_raw(Box::<Counter>::default()).addr();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(counter, line.trim().parse().unwrap_or(0)));
    }
}

fn add(counter: usize, number: u32) -> String {
    // SAFETY: made by `main`.
    unsafe {
        (*(counter as *mut Counter)).count += number;
        (*(counter as *mut Counter)).count.to_string()
    }
}
