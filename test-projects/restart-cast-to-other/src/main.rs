//@ why: memory behind an untyped pointer is taken for a type that is not the one which was put there
//@ pair: cast-added
//@ ask: 3 => 3
//@ edit src/main.rs: replace "struct Counter {\n    count: u32,\n}" with "struct Tally {\n    rounds: u64,\n    count: u32,\n}"
//@ edit+ src/main.rs: replace "Box::new(Counter { count: 0 })" with "Box::new(Tally { rounds: 0, count: 0 })"
//@ edit+ src/main.rs: replace "data as *mut Counter" with "data as *mut Tally"
//@ expect: restarted
//@ code: HP0103
//@ reason: Tally
//@ ask: 4 => 4

struct Counter {
    count: u32,
}

fn create() -> *mut std::ffi::c_void {
    Box::into_raw(Box::new(Counter { count: 0 })).cast()
}

fn main() {
    let data = create();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(data, line.trim().parse().unwrap_or(0)));
    }
}

fn add(data: *mut std::ffi::c_void, number: u32) -> String {
    // SAFETY: made by `create`.
    let counter = unsafe { &mut *(data as *mut Counter) };
    counter.count += number;
    counter.count.to_string()
}
