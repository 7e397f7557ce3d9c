//@ why: a method that sits in a vtable is called with the old arguments by whoever was compiled before
//@ pair: signature
//@ ask: 3 => 6
//@ edit src/main.rs: replace "fn scale(&self, value: u32) -> u32;" with "fn scale(&self, value: u32, more: u64) -> u64;"
//@ edit+ src/main.rs: replace "fn scale(&self, value: u32) -> u32 {\n        value * self.0" with "fn scale(&self, value: u32, more: u64) -> u64 {\n        u64::from(value * self.0) + more"
//@ edit+ src/main.rs: replace "scale.scale(value)" with "scale.scale(value, 1000)"
//@ expect: restarted
//@ code: HP0201 or HP0401
//@ ask: 3 => 1006

trait Scale {
    fn scale(&self, value: u32) -> u32;
}

struct By(u32);

impl Scale for By {
    fn scale(&self, value: u32) -> u32 {
        value * self.0
    }
}

fn main() {
    let scale: Box<dyn Scale> = Box::new(By(2));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", scaled(&*scale, line.trim().parse().unwrap_or(0)));
    }
}

fn scaled(scale: &dyn Scale, value: u32) -> String {
    scale.scale(value).to_string()
}
