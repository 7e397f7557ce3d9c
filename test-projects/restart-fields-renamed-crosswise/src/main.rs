//@ why: two fields of one type get new names at once: by their place `width` became `h`
//@ pair: fields-abbreviated
//@ ask: x => 640 by 480
//@ edit src/main.rs: replace "    width: u32,\n    height: u32," with "    h: u32,\n    w: u32,"
//@ edit+ src/main.rs: replace "Size { width: 640, height: 480 }" with "Size { h: 480, w: 640 }"
//@ edit+ src/main.rs: replace "{} by {}\", size.width, size.height" with "{} x {}\", size.w, size.h"
//@ expect: restarted
//@ code: HP0103
//@ reason: `width` became `h`
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
