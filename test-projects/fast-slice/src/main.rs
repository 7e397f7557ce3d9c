//@ why: an edited function is compiled with what it can see of its crate, and nothing of what it can't
//@ driven-by: fast.rs

use fast_slice::{made, shapes, texts, words};

fn main() {
    println!("ready");
    for request in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&request));
    }
}

fn answer(request: &str) -> String {
    match request {
        "derived" => shapes::derived(),
        "named" => shapes::named(),
        "renamed" => texts::renamed(),
        "made" => made::made(),
        "hidden" => made::hidden(),
        "wrapped" => texts::wrapped(),
        "converted" => texts::converted(),
        "inlined" => texts::inlined(),
        "shared" => format!("{} {}", words::shared(), texts::sharing()),
        "inner" => words::inner::inner(),
        "failed" => words::failed(3),
        other => format!("what is {other}?"),
    }
}
