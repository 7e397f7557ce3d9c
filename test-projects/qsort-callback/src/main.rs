//@ why: the C library calls a comparison through a pointer
//@ ask: x => [1, 2, 3]
//@ edit src/main.rs: replace "a.cmp(b)" with "b.cmp(a)"
//@ expect: patched
//@ only: qsort_callback::compare patched
//@ ask: x => [3, 2, 1]

use std::ffi::{c_int, c_void};

type Compare = extern "C" fn(*const c_void, *const c_void) -> c_int;

unsafe extern "C" {
    fn qsort(base: *mut c_void, count: usize, size: usize, compare: Compare);
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    let mut values = [2_i32, 3, 1];
    unsafe {
        qsort(
            values.as_mut_ptr().cast(),
            values.len(),
            size_of::<i32>(),
            compare,
        )
    };
    format!("{values:?}")
}

extern "C" fn compare(a: *const c_void, b: *const c_void) -> c_int {
    let (a, b) = unsafe { (&*a.cast::<i32>(), &*b.cast::<i32>()) };
    a.cmp(b) as c_int
}
