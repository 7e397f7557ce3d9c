//@ why: a variant gets another name, and so do its fields, in one edit
//@ ask: x => 2 by 10
//@ edit src/main.rs: replace "Box { w: u32, h: u32 }," with "Area { width: u32, height: u32 },"
//@ edit+ src/main.rs: replace "Shape::Box { w: 1, h: 10 }" with "Shape::Area { width: 1, height: 10 }"
//@ edit+ src/main.rs: replace "Shape::Box { w, h } => {\n            *w += 1;\n            format!(\"{w} by {h}\")" with "Shape::Area { width, height } => {\n            *width += 1;\n            format!(\"{width} x {height}\")"
//@ expect: patched
//@ ask: x => 3 x 10

#[allow(dead_code)]
enum Shape {
    Dot,
    Box { w: u32, h: u32 },
}

fn main() {
    let mut shape = Shape::Box { w: 1, h: 10 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            widen(&mut shape)
        });
    }
}

fn widen(shape: &mut Shape) -> String {
    match shape {
        Shape::Dot => "dot".to_owned(),
        Shape::Box { w, h } => {
            *w += 1;
            format!("{w} by {h}")
        }
    }
}
