//@ why: two fields of one type get shorter names at once, and each new name continues the old one of its place
//@ pair: restart-fields-renamed-crosswise
//@ ask: x => 640 by 480
//@ edit src/main.rs: replace "    width: u32,\n    height: u32," with "    w: u32,\n    h: u32,"
//@ edit+ src/main.rs: replace "Size { width: 640, height: 480 }" with "Size { w: 640, h: 480 }"
//@ edit+ src/main.rs: replace "{} by {}\", size.width, size.height" with "{} x {}\", size.w, size.h"
//@ expect: patched
//@ ask: x => 640 x 480

struct Size {
    width: u32,
    height: u32,
}

fn main() {
    let size = Size { width: 640, height: 480 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", show(&size, &line));
    }
}

fn show(size: &Size, _request: &str) -> String {
    format!("{} by {}", size.width, size.height)
}
