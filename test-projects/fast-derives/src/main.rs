//@ why: serde's derives are left out of what the fast way compiles, and edits of bodies that use them come out the same
//@ driven-by: fast.rs

use serde::{Deserialize, Serialize};

mod mixed;

fn main() {
    println!("ready");
    for request in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&request));
    }
}

fn answer(request: &str) -> String {
    match request {
        "written" => written(),
        "read" => read(),
        "direct" => direct(),
        "shown" => shown(),
        "other" => other(),
        "mixed" => mixed::written(),
        unknown => format!("what is {unknown}?"),
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Plain,
    #[serde(rename = "filled")]
    Full { #[serde(default)] amount: u32 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    page_title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
    kind: Kind,
}

#[derive(serde::Serialize)]
struct Other {
    number: u32,
}

fn page() -> Page {
    Page { page_title: "one".to_owned(), remark: None, kind: Kind::Full { amount: 3 } }
}

fn written() -> String {
    let text = serde_json::to_string(&page()).unwrap_or_default();
    format!("written one {text}")
}

fn read() -> String {
    let read = serde_json::from_str::<Page>(r#"{"pageTitle":"x","kind":"plain"}"#);
    format!("read one {}", read.map_or_else(|error| error.to_string(), |page| page.page_title))
}

fn direct() -> String {
    let mut out = Vec::new();
    let done = Kind::Plain.serialize(&mut serde_json::Serializer::new(&mut out));
    format!("direct one {} {}", done.is_ok(), String::from_utf8_lossy(&out))
}

fn shown() -> String {
    format!("shown one {:?} {}", page().kind, page() == page())
}

fn other() -> String {
    let other = Other { number: 1 };
    format!("other one {}", other.number)
}
