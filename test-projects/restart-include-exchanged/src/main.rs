//@ why: one function includes two files with an item of one name each; the files exchange their texts
//@ ask: a => a=1 b=x
//@ edit src/a.in: replace "value: u64" with "value: &'static str"
//@ edit+ src/a.in: replace "value: 1" with "value: \"x\""
//@ edit+ src/b.in: replace "value: &'static str" with "value: u64"
//@ edit+ src/b.in: replace "value: \"x\"" with "value: 1"
//@ expect: restarted
//@ ask: a => a=x b=1

trait Show {
    fn show(&self) -> String;
}

fn fill() -> Vec<Box<dyn Show>> {
    let a: Box<dyn Show> = include!("a.in");
    let b: Box<dyn Show> = include!("b.in");
    vec![a, b]
}

fn answer(kept: &[Box<dyn Show>]) -> String {
    format!("a={} b={}", kept[0].show(), kept[1].show())
}

fn main() {
    let kept = fill();
    println!("ready");
    for _ in std::io::stdin().lines() {
        println!("{}", answer(&kept));
    }
}
