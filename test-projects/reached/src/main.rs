//@ why: which patched functions were called since their patch, and which were not
//@ driven-by: reached.rs

use std::backtrace::Backtrace;

fn main() {
    let name = set_up();
    println!("ready");
    serve(&name);
}

fn serve(name: &str) {
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let answer = match line.as_str() {
            "tick" => tick(),
            "rare" => rare(),
            "panic" => catches(),
            _ => format!("serving {name}"),
        };
        println!("{answer}");
    }
}

fn set_up() -> String {
    "set up once".to_owned()
}

fn tick() -> String {
    "tick one".to_owned()
}

fn rare() -> String {
    "rare one".to_owned()
}

fn catches() -> String {
    match std::panic::catch_unwind(throws) {
        Ok(()) => "nothing was thrown".to_owned(),
        Err(payload) => {
            let text = payload.downcast_ref::<String>().cloned();
            format!("caught one: {}", text.unwrap_or_default())
        }
    }
}

fn throws() {
    eprintln!("{}", Backtrace::force_capture());
    let text = "thrown one".to_owned();
    std::panic::resume_unwind(Box::new(text));
}
