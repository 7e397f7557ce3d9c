//@ why: an impl block above all others renumbers them, and none has state of its own
//@ pair: restart-impl-block-on-top
//@ ask: x => 1 and 10
//@ edit src/main.rs: replace "impl Log<u8> {" with "impl Log<i64> {\n    fn next(&mut self) -> String {\n        self.count += 100;\n        self.count.to_string()\n    }\n}\n\nimpl Log<u8> {"
//@ edit+ src/main.rs: replace "{} and {}" with "{} & {}"
//@ expect: patched
//@ ask: x => 2 & 20

struct Log<T> {
    count: u32,
    kind: std::marker::PhantomData<T>,
}

impl Log<u8> {
    fn next(&mut self) -> String {
        self.count += 1;
        self.count.to_string()
    }
}

impl Log<u16> {
    fn next(&mut self) -> String {
        self.count += 10;
        self.count.to_string()
    }
}

fn main() {
    let mut logs = (
        Log {
            count: 0,
            kind: std::marker::PhantomData,
        },
        Log {
            count: 0,
            kind: std::marker::PhantomData,
        },
    );
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            next(&mut logs)
        });
    }
}

fn next(logs: &mut (Log<u8>, Log<u16>)) -> String {
    format!("{} and {}", logs.0.next(), logs.1.next())
}
