//@ why: a literal's type is inferred from a helper that changes: callers whose text is as before call other instances
//@ pair: restart-generic-inference-moved-stored
//@ ask: x => 4 bytes, stored 8 bytes
//@ edit src/main.rs: replace "fn wanted() -> u32 {" with "fn wanted() -> u8 {"
//@ expect: patched
//@ function: generic_inference_moved::answer patched
//@ ask: x => 1 bytes, stored 8 bytes

fn main() {
    let stored: fn(&u64) -> usize = size::<u64>;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: fn(&u64) -> usize, _request: &str) -> String {
    format!("{} bytes, stored {} bytes", size(&wanted()), stored(&1))
}

fn wanted() -> u32 {
    7
}

fn size<T>(value: &T) -> usize {
    size_of_val(value)
}
