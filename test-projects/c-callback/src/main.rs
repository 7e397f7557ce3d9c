//@ why: C code that calls Rust by name (`#[no_mangle]`) and through a pointer that it stored before
//@ ask: x => 6006 of 3
//@ edit src/main.rs: replace "value * 1000" with "value * 2000"
//@ expect: patched
//@ only: scale_from_rust patched
//@ ask: x => 12006 of 3
//@ edit src/main.rs: replace "value + 0" with "value + 1"
//@ expect: patched
//@ only: c_callback::plus patched
//@ ask: x => 12009 of 3
//@ edit src/each.c: replace "long sum = 0" with "long sum = 1"
//@ expect: restarted
//@ code: HP0602
//@ ask: x => 12010 of 3

use std::ffi::c_long;

unsafe extern "C" {
    fn store(callback: extern "C" fn(c_long) -> c_long);
    fn each(values: *const c_long, count: c_long) -> c_long;
}

#[unsafe(no_mangle)]
extern "C" fn scale_from_rust(value: c_long) -> c_long {
    value * 1000
}

extern "C" fn plus(value: c_long) -> c_long {
    value + 0
}

fn main() {
    unsafe { store(plus) };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    let values = [1, 2, 3];
    format!(
        "{} of {}",
        unsafe { each(values.as_ptr(), 3) },
        values.len()
    )
}
