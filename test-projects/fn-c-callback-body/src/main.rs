//@ why: the C library calls a comparison, by a pointer that was stored before the edit
//@ pair: restart-fn-c-callback-signature
//@ ask: 30 => found at 2
//@ ask: 31 => not found
//@ edit src/main.rs: replace "key.cmp(value)" with "(key / 10 * 10).cmp(value)"
//@ expect: patched
//@ only: fn_c_callback_body::compare patched
//@ ask: 31 => found at 2

use std::ffi::{c_int, c_void};

type Compare = extern "C" fn(*const c_void, *const c_void) -> c_int;

unsafe extern "C" {
    fn bsearch(
        key: *const c_void,
        base: *const c_void,
        count: usize,
        size: usize,
        compare: Compare,
    ) -> *const c_void;
}

fn main() {
    let stored: Compare = compare;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: Compare, request: &str) -> String {
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

extern "C" fn compare(key: *const c_void, value: *const c_void) -> c_int {
    let (key, value) = unsafe { (*key.cast::<i32>(), &*value.cast::<i32>()) };
    key.cmp(value) as c_int
}
