//@ why: values behind an untyped pointer are made in another way from now on; what lies there stays
//@ pair: restart-behind-pointer
//@ ask: 3 => 3
//@ edit src/main.rs: replace "Box::new(Counter { count: 0 })" with "Box::new(Counter { count: 100 })"
//@ edit+ src/main.rs: replace "counter.count += number;" with "counter.count = number.max(counter.count);"
//@ expect: patched
//@ warm-only: a cold start begins with 100
//@ ask: 2 => 3
//@ ask: 5 => 5

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
