//@ why: the fields of a variant exchange their places: width would be height
//@ pair: variant-fields-renamed
//@ ask: x => 2 by 10
//@ edit src/main.rs: replace "Box { w: u32, h: u32 }," with "Box { h: u32, w: u32 },"
//@ expect: restarted
//@ code: HP0102
//@ reason: Shape::Box
//@ ask: x => 2 by 10

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
