//@ why: a method behind a vtable never returned, and callers that rely on it have no code behind the call
//@ pair: fn-never-returns
//@ ask: x => error: x
//@ edit src/main.rs: replace "fn refuse(&self, text: &str) -> !;" with "fn refuse(&self, text: &str) -> String;"
//@ edit+ src/main.rs: replace "fn refuse(&self, text: &str) -> ! {\n        std::panic::panic_any(text.to_owned())" with "fn refuse(&self, text: &str) -> String {\n        format!(\"refused: {text}\")"
//@ expect: restarted
//@ code: HP0401
//@ ask: x => refused: x

trait Refuse: std::panic::RefUnwindSafe {
    fn refuse(&self, text: &str) -> !;
}

struct Always;

impl Refuse for Always {
    fn refuse(&self, text: &str) -> ! {
        std::panic::panic_any(text.to_owned())
    }
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let refuse: Box<dyn Refuse> = Box::new(Always);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*refuse, &line));
    }
}

fn answer(refuse: &dyn Refuse, request: &str) -> String {
    let result: Result<String, _> = std::panic::catch_unwind(|| refuse.refuse(request));
    result.unwrap_or_else(|payload| format!("error: {}", payload.downcast_ref::<String>().unwrap()))
}
