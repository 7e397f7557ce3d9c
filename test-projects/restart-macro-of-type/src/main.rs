//@ why: a macro that makes a type gives it another field; the type's name stands nowhere near the edit
//@ pair: macro-of-type
//@ ask: x => 1
//@ edit src/main.rs: replace "            count: u32,\n" with "            _first: u64,\n            count: u32,\n"
//@ expect: restarted
//@ code: HP0101
//@ reason: Hits
//@ ask: x => 1

macro_rules! counter {
    ($name:ident) => {
        #[derive(Default)]
        struct $name {
            count: u32,
        }

        impl $name {
            fn next(&mut self) -> String {
                self.count += 1;
                self.count.to_string()
            }
        }
    };
}

counter!(Hits);

fn main() {
    let mut hits = Hits::default();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            next(&mut hits)
        });
    }
}

fn next(hits: &mut Hits) -> String {
    hits.next()
}
