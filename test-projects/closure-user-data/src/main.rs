//@ why: C is given a pointer to a closure and a generic function that calls it: the next call runs the new body
//@ pair: restart-closure-user-data
//@ ask: call => [1, 2, 3]
//@ ask: call => [1, 2, 3]
//@ edit src/main.rs: replace "a.cmp(b) as c_int" with "b.cmp(a) as c_int"
//@ expect: patched
//@ ask: call => [3, 2, 1]
//@ ask: register => [3, 2, 1]
//@ ask: call => [3, 2, 1]

use std::cell::Cell;
use std::ffi::{c_int, c_void};

type Compare = extern "C" fn(*const i32, *const i32, *mut c_void) -> c_int;

unsafe extern "C" {
    fn qsort_r(base: *mut i32, count: usize, size: usize, compare: Compare, data: *mut c_void);
}

thread_local! {
    static REGISTERED: Cell<Option<(Compare, *mut c_void)>> = const { Cell::new(None) };
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    if request == "register" || REGISTERED.get().is_none() {
        registered(1);
    }
    let (compare, data) = REGISTERED.get().unwrap();
    let mut values = [2, 3, 1];
    unsafe { qsort_r(values.as_mut_ptr(), values.len(), 4, compare, data) };
    format!("{values:?}")
}

#[allow(unused_variables)]
fn registered(sign: i8) {
    let mut calls = 0;
    register(move |a: &i32, b: &i32| {
        calls += 1;
        a.cmp(b) as c_int
    });
}

fn register<F: FnMut(&i32, &i32) -> c_int + 'static>(compare: F) {
    let data: *mut F = Box::into_raw(Box::new(compare));
    REGISTERED.set(Some((call::<F>, data.cast())));
}

extern "C" fn call<F: FnMut(&i32, &i32) -> c_int>(
    a: *const i32,
    b: *const i32,
    data: *mut c_void,
) -> c_int {
    unsafe { (*data.cast::<F>())(&*a, &*b) }
}
