//@ why: a type that did not change is the same type in old and new code
//@ ask: x => number 7, text seven, ?
//@ edit src/main.rs: replace "\"number {number}\"" with "\"the number {number}\""
//@ edit+ src/main.rs: replace "\"?\".to_owned()" with "value.downcast_ref::<Own>().map_or(\"?\".to_owned(), |own| format!(\"own {}\", own.0))"
//@ expect: patched
//@ ask: x => the number 7, text seven, own 1

use std::any::Any;

struct Own(u8);

fn main() {
    let values: Vec<Box<dyn Any>> = vec![Box::new(7_u32), Box::new("seven"), Box::new(Own(1))];
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        let shown: Vec<String> = values.iter().map(|value| show(&**value)).collect();
        println!("{}", shown.join(", "));
    }
    if let Some(own) = values[2].downcast_ref::<Own>() {
        assert_eq!(own.0, 1);
    }
}

fn show(value: &dyn Any) -> String {
    if let Some(number) = value.downcast_ref::<u32>() {
        format!("number {number}")
    } else if let Some(text) = value.downcast_ref::<&str>() {
        format!("text {text}")
    } else {
        "?".to_owned()
    }
}
