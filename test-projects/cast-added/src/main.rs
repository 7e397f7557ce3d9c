//@ why: memory behind an untyped pointer is taken for what it was taken for, and looked at as bytes besides
//@ pair: restart-cast-to-other
//@ ask: 3 => 3
//@ edit src/main.rs: replace "counter.count.to_string()" with "// SAFETY: a counter has four bytes.\n    let bytes = unsafe { *(data as *const [u8; 4]) };\n    format!(\"{} {bytes:?}\", counter.count)"
//@ expect: patched
//@ ask: 4 => 7 [7, 0, 0, 0]

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
