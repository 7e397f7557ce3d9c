//@ why: trait objects of types inside of blocks, and one more above them of the same path
//@ ask: x => first x, second 1
//@ edit src/main.rs: replace "let mut parts = Vec::new();" with "let mut parts = Vec::new();\n    {\n        struct Part<'t>(&'t str);\n        impl Show for Part<'_> {\n            fn show(&self) -> String {\n                self.0.to_uppercase()\n            }\n        }\n        let part: Box<dyn Show + '_> = Box::new(Part(request));\n        parts.push(part.show());\n    }"
//@ expect: patched
//@ ask: x => X, first x, second 1
//@ edit src/main.rs: replace "first {}" with "one {}"
//@ expect: patched
//@ ask: x => X, one x, second 1

trait Show {
    fn show(&self) -> String;
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let mut parts = Vec::new();
    {
        struct Part<'t>(&'t str);
        impl Show for Part<'_> {
            fn show(&self) -> String {
                format!("first {}", self.0)
            }
        }
        let part: Box<dyn Show + '_> = Box::new(Part(request));
        parts.push(part.show());
    }
    {
        struct Part<'t>(&'t str);
        impl Show for Part<'_> {
            fn show(&self) -> String {
                format!("second {}", self.0.len())
            }
        }
        let part: Box<dyn Show + '_> = Box::new(Part(request));
        parts.push(part.show());
    }
    parts.join(", ")
}
