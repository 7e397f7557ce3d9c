//@ why: a value that exists holds a pointer to a variadic function, and new code would call it as one with fixed arguments
//@ pair: fn-variadic-call
//@ ask: 3 => 3 and 1.50
//@ edit src/main.rs: replace "*const c_char, ...) -> c_int,\n}" with "*const c_char, c_int) -> c_int,\n}"
//@ edit+ src/main.rs: replace "c\"%d and %.2f\".as_ptr(),\n            number,\n            1.5_f64," with "c\"only %d\".as_ptr(),\n            number,"
//@ edit+ src/main.rs: replace "    let printer = Printer { print: snprintf };" with "    let printer = Printer { print: unsafe { std::mem::transmute(snprintf as *const ()) } };"
//@ expect: restarted
//@ code: HP0101 or HP0102
//@ ask: 3 => only 3

use std::ffi::{CStr, c_char, c_int};

struct Printer {
    print: unsafe extern "C" fn(*mut c_char, usize, *const c_char, ...) -> c_int,
}

unsafe extern "C" {
    fn snprintf(buffer: *mut c_char, size: usize, format: *const c_char, ...) -> c_int;
}

fn main() {
    let printer = Printer { print: snprintf };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&printer, &line));
    }
}

fn answer(printer: &Printer, request: &str) -> String {
    let mut buffer = [0; 64];
    let number: c_int = request.trim().parse().unwrap_or(0);
    unsafe {
        (printer.print)(
            buffer.as_mut_ptr(),
            buffer.len(),
            c"%d and %.2f".as_ptr(),
            number,
            1.5_f64,
        )
    };
    unsafe { CStr::from_ptr(buffer.as_ptr()) }
        .to_string_lossy()
        .into_owned()
}
