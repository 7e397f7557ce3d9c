//@ why: a call with a variable number of arguments, direct and through a stored pointer
//@ pair: restart-fn-variadic-pointer
//@ ask: 3 => 3 and 1.50
//@ edit src/main.rs: replace "c\"%d and %.2f\", number, 1.5_f64" with "c\"%d, %d and %.3f\", number, number * 2, 2.5_f64"
//@ expect: patched
//@ only: fn_variadic_call::printed patched
//@ ask: 3 => 3, 6 and 2.500

use std::ffi::{CStr, c_char, c_int};

type Print = unsafe extern "C" fn(*mut c_char, usize, *const c_char, ...) -> c_int;

unsafe extern "C" {
    fn snprintf(buffer: *mut c_char, size: usize, format: *const c_char, ...) -> c_int;
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(snprintf, &line));
    }
}

fn answer(print: Print, request: &str) -> String {
    let mut buffer = [0; 64];
    printed(print, &mut buffer, request.trim().parse().unwrap_or(0));
    unsafe { CStr::from_ptr(buffer.as_ptr()) }
        .to_string_lossy()
        .into_owned()
}

fn printed(print: Print, buffer: &mut [c_char; 64], number: c_int) {
    macro_rules! print {
        ($format:expr, $($argument:expr),*) => {
            unsafe { print(buffer.as_mut_ptr(), buffer.len(), $format.as_ptr(), $($argument),*) }
        };
    }
    print!(c"%d and %.2f", number, 1.5_f64);
}
