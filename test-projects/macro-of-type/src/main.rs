//@ why: a macro that makes a type and its methods: an edit in a method
//@ pair: restart-macro-of-type
//@ ask: x => 1
//@ edit src/main.rs: replace "self.count.to_string()" with "format!(\"{} {}\", stringify!($name), self.count)"
//@ expect: patched
//@ ask: x => Hits 2

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
