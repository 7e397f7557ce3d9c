//@ why: an attribute that promises what was so already: memory is as it was, and nobody is handed a value
//@ pair: restart-transparent-of-other
//@ ask: x => 1
//@ edit src/main.rs: replace "struct Id" with "#[repr(transparent)]\nstruct Id"
//@ edit+ src/main.rs: replace "id.0 += 1" with "id.0 += 10"
//@ expect: patched
//@ only: repr_transparent::next patched
//@ warm-only: a cold start counts in the new way from the beginning
//@ ask: x => 11

struct Id(u32);

fn main() {
    let mut id = Id(0);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            next(&mut id)
        });
    }
}

fn next(id: &mut Id) -> String {
    id.0 += 1;
    id.0.to_string()
}
