//@ why: an associated constant gets another value; code that was compiled with the old one is compiled anew
//@ pair: restart-trait-const-length
//@ ask: x => 3 of 3, dyn 3
//@ edit src/main.rs: replace "const LEGS: usize = 3;" with "const LEGS: usize = 4;"
//@ expect: patched
//@ ask: x => 4 of 4, dyn 4

trait Animal {
    const LEGS: usize;
}

trait Object {
    fn legs(&self) -> usize;
}

impl<T: Animal> Object for T {
    fn legs(&self) -> usize {
        T::LEGS
    }
}

struct Stool;

impl Animal for Stool {
    const LEGS: usize = 3;
}

fn main() {
    let object: Box<dyn Object> = Box::new(Stool);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*object, &line));
    }
}

fn answer(object: &dyn Object, _request: &str) -> String {
    format!(
        "{} of {}, dyn {}",
        counted::<Stool>(),
        Stool::LEGS,
        object.legs()
    )
}

fn counted<T: Animal>() -> usize {
    (0..T::LEGS).count()
}
