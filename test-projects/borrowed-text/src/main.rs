//@ why: a field that borrows text is handled in another way
//@ pair: restart-text-owned
//@ ask: a => a after start
//@ edit src/main.rs: replace "let before = page.title.to_string();" with "let before = page.title.to_uppercase();"
//@ expect: patched
//@ only: borrowed_text::turn patched
//@ ask: b => b after A

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
