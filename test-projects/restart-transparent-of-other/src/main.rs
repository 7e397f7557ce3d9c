//@ why: a transparent type is what it holds, and that becomes another type of the same size
//@ pair: repr-transparent
//@ ask: x => 1
//@ edit src/main.rs: replace "struct Id(u32)" with "struct Id(f32)"
//@ edit+ src/main.rs: replace "Id(0)" with "Id(0.0)"
//@ edit+ src/main.rs: replace "id.0 += 1" with "id.0 += 1.5"
//@ expect: restarted
//@ code: HP0101
//@ reason: Id
//@ ask: x => 1.5

#[repr(transparent)]
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
