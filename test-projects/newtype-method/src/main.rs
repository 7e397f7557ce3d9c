//@ why: a private newtype inside of a struct gets another method
//@ pair: restart-newtype-wrapped
//@ ask: x => 1
//@ edit src/main.rs: replace "impl Count {" with "impl Count {\n    fn twice(&mut self) {\n        self.0 += 2;\n    }\n"
//@ edit+ src/main.rs: replace "visits.count.up()" with "visits.count.twice()"
//@ expect: patched
//@ warm-only: a cold start counts in the new way from the beginning
//@ ask: x => 3

struct Count(u32);

#[allow(dead_code)]
impl Count {
    fn up(&mut self) {
        self.0 += 1;
    }
}

struct Visits {
    count: Count,
}

fn main() {
    let mut visits = Visits { count: Count(0) };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            visit(&mut visits)
        });
    }
}

fn visit(visits: &mut Visits) -> String {
    visits.count.up();
    visits.count.0.to_string()
}
