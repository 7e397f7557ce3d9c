//@ why: a field of a type two levels down grows
//@ ask: x => 1
//@ edit src/main.rs: replace "hits: u32" with "hits: u64"
//@ expect: restarted
//@ code: HP0101
//@ reason: hits
//@ ask: x => 1

use std::collections::BTreeMap;

#[derive(Default)]
struct Page {
    hits: u32,
}

#[derive(Default)]
struct Site {
    pages: BTreeMap<String, Vec<Page>>,
}

fn main() {
    let mut site = Site::default();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", visit(&mut site, line));
    }
}

fn visit(site: &mut Site, name: String) -> String {
    let pages = site.pages.entry(name).or_default();
    if pages.is_empty() {
        pages.push(Page::default());
    }
    pages[0].hits += 1;
    pages[0].hits.to_string()
}
