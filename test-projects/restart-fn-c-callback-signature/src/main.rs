//@ why: a callback's signature changes, and the C library that holds it cannot be compiled anew
//@ pair: fn-c-callback-body
//@ ask: 30 => found at 2
//@ ask: 31 => not found
//@ edit src/main.rs: replace "fn compare(key: &i32, value: &i32) -> c_int {\n    key.cmp(value) as c_int" with "fn compare(key: &i32, value: &[i32; 1]) -> c_int {\n    (key / 10 * 10).cmp(&value[0]) as c_int"
//@ expect: restarted
//@ code: HP0201
//@ reason: outside of Rust
//@ ask: 31 => found at 2

use std::ffi::{c_int, c_void};

unsafe extern "C" {
    fn bsearch(
        key: *const c_void,
        base: *const c_void,
        count: usize,
        size: usize,
        compare: *const c_void,
    ) -> *const c_void;
}

fn main() {
    let stored = compare as *const c_void;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: *const c_void, request: &str) -> String {
    let values = [10_i32, 20, 30];
    let key: i32 = request.trim().parse().unwrap_or(0);
    let base = values.as_ptr();
    let found: *const i32 =
        unsafe { bsearch((&raw const key).cast(), base.cast(), 3, 4, stored) }.cast();
    if found.is_null() {
        return "not found".to_owned();
    }
    format!("found at {}", unsafe { found.offset_from(base) })
}

extern "C" fn compare(key: &i32, value: &i32) -> c_int {
    key.cmp(value) as c_int
}
