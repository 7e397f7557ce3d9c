//@ why: objects of two instances of a generic trait, one type behind both
//@ pair: restart-trait-generic-object-argument
//@ ask: 4 => u32 8, text 4
//@ edit src/main.rs: replace "value * self.0" with "value * self.0 * 10"
//@ edit+ src/main.rs: replace "value.to_owned()" with "value.repeat(self.0 as usize)"
//@ expect: patched
//@ ask: 4 => u32 80, text 44

trait Convert<T> {
    fn converted(&self, value: T) -> String;
}

struct By(u32);

impl Convert<u32> for By {
    fn converted(&self, value: u32) -> String {
        (value * self.0).to_string()
    }
}

impl Convert<&str> for By {
    fn converted(&self, value: &str) -> String {
        let _ = self.0;
        value.to_owned()
    }
}

type Texts = Box<dyn for<'a> Convert<&'a str>>;

fn main() {
    let numbers: Box<dyn Convert<u32>> = Box::new(By(2));
    let texts: Texts = Box::new(By(2));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&numbers, &texts, &line));
    }
}

#[allow(clippy::borrowed_box)]
fn answer(numbers: &Box<dyn Convert<u32>>, texts: &Texts, request: &str) -> String {
    format!(
        "u32 {}, text {}",
        numbers.converted(request.trim().parse().unwrap_or(0)),
        texts.converted(request)
    )
}
