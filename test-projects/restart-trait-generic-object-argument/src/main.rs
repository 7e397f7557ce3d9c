//@ why: objects of one instance of a generic trait become objects of another one
//@ pair: trait-generic-object
//@ ask: 4 => 8
//@ ask: 4 => 8 8
//@ edit src/main.rs: replace "type Argument = u32;" with "type Argument = f32;"
//@ edit+ src/main.rs: replace "value * self.0" with "value * self.0 * 10.0"
//@ edit+ src/main.rs: replace "By(2)" with "By(2.0)"
//@ expect: restarted
//@ code: HP0101 or HP0102 or HP0201 or HP0501
//@ ask: 4 => 80

use std::cell::RefCell;

type Argument = u32;

thread_local! {
    static ALL: RefCell<Vec<Box<dyn Convert<Argument>>>> = RefCell::default();
}

trait Convert<T> {
    fn converted(&self, value: T) -> String;
}

struct By(Argument);

impl Convert<Argument> for By {
    fn converted(&self, value: Argument) -> String {
        (value * self.0).to_string()
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    ALL.with_borrow_mut(|all| {
        all.push(Box::new(By(2)));
        let shown: Vec<String> = all
            .iter()
            .map(|one| one.converted(request.trim().parse().unwrap_or_default()))
            .collect();
        shown.join(" ")
    })
}
