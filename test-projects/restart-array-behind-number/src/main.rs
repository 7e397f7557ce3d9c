//@ why: memory is kept as a number and taken for an array whose length stands in another file
//@ ask: 3 => 3
//@ edit src/length.rs: replace "LENGTH: usize = 1" with "LENGTH: usize = 200"
//@ expect: restarted
//@ code: HP0103
//@ reason: `LENGTH`
//@ ask: 4 => 4

mod length;

fn main() {
    let counts = create(length::LENGTH);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(counts, line.trim().parse().unwrap_or(0)));
    }
}

fn create(length: usize) -> usize {
    Box::leak(vec![0_u32; length].into_boxed_slice())
        .as_mut_ptr()
        .addr()
}

fn add(counts: usize, number: u32) -> String {
    // SAFETY: made by `create`.
    unsafe {
        for count in &mut *(counts as *mut [u32; length::LENGTH]) {
            *count += number;
        }
        (*(counts as *const [u32; length::LENGTH]))[0].to_string()
    }
}
