//@ why: a borrowed text becomes an owned one: freeing what was never allocated would end the program
//@ pair: borrowed-text
//@ ask: a => a after start
//@ edit src/main.rs: replace "title: &'static str" with "title: String"
//@ edit+ src/main.rs: replace "title: \"start\"" with "title: \"start\".to_owned()"
//@ edit+ src/main.rs: replace "String::leak(name.to_owned())" with "name.to_owned()"
//@ expect: restarted
//@ code: HP0101
//@ reason: Page
//@ ask: b => b after start

struct Page {
    title: &'static str,
}

fn main() {
    let mut page = Page { title: "start" };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", turn(&mut page, &line));
    }
}

fn turn(page: &mut Page, name: &str) -> String {
    let before = page.title.to_string();
    page.title = String::leak(name.to_owned());
    format!("{name} after {before}")
}
