//@ why: a number is put into a newtype, which may demand what old numbers do not keep
//@ pair: newtype-method
//@ ask: x => 1
//@ edit src/main.rs: replace "    count: u32," with "    count: Odd,"
//@ edit+ src/main.rs: replace "count: 0 }" with "count: Odd(1) }"
//@ edit+ src/main.rs: replace "visits.count += 1" with "visits.count.0 += 2"
//@ edit+ src/main.rs: replace "visits.count.to_string()" with "visits.count.0.to_string()"
//@ edit+ src/main.rs: append "\nstruct Odd(u32);\n"
//@ expect: restarted
//@ code: HP0101
//@ reason: Visits
//@ ask: x => 3

struct Visits {
    count: u32,
}

fn main() {
    let mut visits = Visits { count: 0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            visit(&mut visits)
        });
    }
}

fn visit(visits: &mut Visits) -> String {
    visits.count += 1;
    visits.count.to_string()
}
