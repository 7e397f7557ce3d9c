//@ why: a blanket implementation takes another one's place, and its method takes a hidden argument that vtables do not pass
//@ pair: trait-impl-replaced
//@ ask: x => cat
//@ edit src/main.rs: replace "impl Animal for Cat {\n    fn name(&self) -> String {\n        \"cat\".to_owned()" with "impl<T: std::fmt::Debug> Animal for T {\n    #[track_caller]\n    fn name(&self) -> String {\n        format!(\"{self:?} {}\", std::panic::Location::caller().file())"
//@ expect: restarted
//@ code: HP0401 or HP0202
//@ ask: x => Cat src/main.rs

trait Animal {
    fn name(&self) -> String;
}

#[derive(Debug)]
struct Cat;

impl Animal for Cat {
    fn name(&self) -> String {
        "cat".to_owned()
    }
}

fn main() {
    let cat: Box<dyn Animal> = Box::new(Cat);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*cat, &line));
    }
}

fn answer(cat: &dyn Animal, _request: &str) -> String {
    cat.name()
}
