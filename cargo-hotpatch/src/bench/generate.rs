//! The projects that need no project: the same on every machine, of code as it is written, not of one function repeated.
//!
//! Each program prints `ready`, and then answers each line `NAME VALUE` with one line that begins with how often it was
//! asked, so that a patch that lost the program's state would be seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::project::{EDITION, Generated, Shape, Site};

/// What can be named with `--project`, in the order in which they are measured.
pub const NAMES: [&str; 5] = ["hello", "modules", "derives", "large", "workspace"];

/// The shipped project of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<Generated> {
    Some(match name {
        "hello" => hello(),
        "modules" => modules("modules", 10_000),
        "derives" => derives(150),
        "large" => modules("large", 40_000),
        "workspace" => workspace(1_400),
        _ => return None,
    })
}

/// A small generator of numbers (SplitMix64): the same numbers everywhere and for ever.
#[derive(Debug, Clone)]
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low)
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let count = words.len() as u64;
        words[usize::try_from(self.next() % count).unwrap_or(0)]
    }
}

const QUALITIES: &[&str] = &[
    "Amber", "Brisk", "Copper", "Dusty", "Early", "Faint", "Green", "Hollow", "Ivory", "Jolly",
    "Keen", "Lunar", "Misty", "Noble", "Olive", "Plain", "Quiet", "Rapid", "Silver", "Tidy",
    "Upper", "Vivid", "Windy", "Young",
];
const THINGS: &[&str] = &[
    "Anchor", "Bridge", "Castle", "Desk", "Engine", "Forest", "Garden", "Harbour", "Island",
    "Jacket", "Kettle", "Ladder", "Market", "Needle", "Orchard", "Pencil", "Quarry", "River",
    "Signal", "Tunnel", "Valley", "Window",
];

/// Kinds of modules: name, text, and the function in it that is edited.
const TEMPLATES: [(&str, &str, &str); 6] = [
    ("ledger", include_str!("templates/ledger.rs"), "statement"),
    ("parser", include_str!("templates/parser.rs"), "report"),
    ("shapes", include_str!("templates/shapes.rs"), "describe"),
    ("stock", include_str!("templates/stock.rs"), "order"),
    ("tasks", include_str!("templates/tasks.rs"), "summary"),
    ("texts", include_str!("templates/texts.rs"), "letter"),
];

/// How many places of a program are edited in turn.
const SITES: usize = 12;

fn site(file: impl Into<PathBuf>, function: &str, ask: String) -> Site {
    Site {
        file: file.into(),
        function: function.to_owned(),
        initially: EDITION.to_owned(),
        shape: Shape::Edition,
        ask: Some(ask),
        expect: Some("edition {n},".to_owned()),
    }
}

fn manifest(name: &str, rest: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\npublish = false\n{rest}"
    )
}

/// Not a member of whatever workspace lies above.
const ALONE: &str = "\n[workspace]\n";

/// The loop of every program, and what a peer has in another form.
pub(super) const MAIN: &str = r#"
fn main() {
    println!("ready");
    let mut asked = 0_u64;
    for line in std::io::stdin().lines().map_while(Result::ok) {
        asked += 1;
        let (name, value) = line.split_once(' ').unwrap_or((&line, "0"));
        let text = answer(name, value.parse().unwrap_or(0)).unwrap_or_else(|| "unknown".to_owned());
        println!("{asked} {text}");
    }
}
"#;

/// The smallest program.
#[must_use]
pub fn hello() -> Generated {
    let mut text = String::from("//! Greets whoever it is told of.\n");
    text.push_str(MAIN);
    text.push_str(
        r#"
fn answer(name: &str, value: u64) -> Option<String> {
    match name {
        "greeting" => Some(greeting(value)),
        "farewell" => Some(farewell(value)),
        _ => None,
    }
}

fn greeting(total: u64) -> String {
    let edition: u64 = 0;
    format!("edition {edition}, hello to all {total} of you")
}

fn farewell(total: u64) -> String {
    let edition: u64 = 00;
    format!("edition {edition}, goodbye to all {total} of you")
}
"#,
    );
    let site = |function: &str, initially: &str| Site {
        initially: initially.to_owned(),
        ..site("src/main.rs", function, format!("{function} 3"))
    };
    Generated {
        name: "hello",
        about: "one file".to_owned(),
        files: BTreeMap::from([
            ("Cargo.toml".into(), manifest("hello", ALONE)),
            ("src/main.rs".into(), text),
        ]),
        sites: vec![
            site("greeting", EDITION),
            site("farewell", "let edition: u64 = 00;"),
        ],
    }
}

/// One crate of modules with about so many lines.
#[must_use]
pub fn modules(name: &'static str, lines: usize) -> Generated {
    let mut files = BTreeMap::from([("Cargo.toml".into(), manifest(name, ALONE))]);
    let made = write_modules(&mut files, Path::new("src"), lines, 1);
    let mut text = format!(
        "//! {} modules in {} groups.\n",
        made.modules,
        made.groups.len()
    );
    text.push_str(
        "// No warnings to print: that would be measured as well.\n#![allow(dead_code)]\n\n",
    );
    text.push_str(&made.declarations());
    text.push_str(MAIN);
    text.push_str(&made.answer("None"));
    files.insert("src/main.rs".into(), text);
    Generated {
        name,
        about: format!("one crate, {} modules", made.modules),
        files,
        sites: spread(made.sites),
    }
}

/// The crates of the workspace, the lowest first: each uses the one before it.
const LAYERS: [&str; 8] = [
    "base", "model", "store", "rules", "service", "report", "shell", "app",
];

/// Eight crates one above the other, with about so many lines each. What is edited is in the lowest.
#[must_use]
pub fn workspace(lines_each: usize) -> Generated {
    let members: Vec<String> = LAYERS.iter().map(|layer| format!("\"{layer}\"")).collect();
    let mut files = BTreeMap::from([(
        "Cargo.toml".into(),
        format!(
            "[workspace]\nresolver = \"2\"\nmembers = [{}]\n",
            members.join(", ")
        ),
    )]);
    let mut sites = Vec::new();
    for (level, layer) in LAYERS.iter().enumerate() {
        let below = level.checked_sub(1).map(|below| LAYERS[below]);
        let dependencies = below.map_or_else(String::new, |below| {
            format!("\n[dependencies]\n{below} = {{ path = \"../{below}\" }}\n")
        });
        files.insert(
            format!("{layer}/Cargo.toml").into(),
            manifest(layer, &dependencies),
        );
        let sources = PathBuf::from(layer).join("src");
        let made = write_modules(&mut files, &sources, lines_each, level as u64 + 100);
        let otherwise = below.map_or_else(
            || "None".to_owned(),
            |below| format!("{below}::answer(name, value)"),
        );
        let mut text = format!("//! The layer `{layer}`.\n");
        let name = if below.is_some() && level + 1 == LAYERS.len() {
            text.push_str("#![allow(dead_code)]\n\n");
            text.push_str(&made.declarations());
            text.push_str(MAIN);
            text.push_str(&made.answer(&otherwise));
            "main.rs"
        } else {
            text.push('\n');
            text.push_str(&made.declarations());
            text.push_str(
                &made
                    .answer(&otherwise)
                    .replace("\nfn answer", "\npub fn answer"),
            );
            "lib.rs"
        };
        files.insert(sources.join(name), text);
        if level == 0 {
            sites = made.sites;
        }
    }
    Generated {
        name: "workspace",
        about: format!("{} crates, edits in the lowest", LAYERS.len()),
        files,
        sites: spread(sites),
    }
}

/// Modules that were written into a crate.
struct Made {
    groups: Vec<String>,
    modules: usize,
    sites: Vec<Site>,
}

impl Made {
    fn declarations(&self) -> String {
        self.groups.iter().fold(String::new(), |text, group| {
            format!("{text}pub mod {group};\n")
        })
    }

    /// The function that finds whom a request is for.
    fn answer(&self, otherwise: &str) -> String {
        let calls = self.groups.iter().fold(String::new(), |text, group| {
            format!("{text}\n        .or_else(|| {group}::answer(name, value))")
        });
        format!(
            "\nfn answer(name: &str, value: u64) -> Option<String> {{\n    None::<String>{calls}\n        .or_else(|| {otherwise})\n}}\n"
        )
    }
}

/// Writes modules into `sources` until they have about so many lines. Names begin with `prefix` of the seed.
fn write_modules(
    files: &mut BTreeMap<PathBuf, String>,
    sources: &Path,
    lines: usize,
    seed: u64,
) -> Made {
    /// How many modules are in one directory.
    const GROUP: usize = 10;
    let mut numbers = Numbers(seed);
    let mut made = Made {
        groups: Vec::new(),
        modules: 0,
        sites: Vec::new(),
    };
    let mut written = 0;
    let mut names = Vec::new();
    while written < lines {
        let (kind, template, function) = TEMPLATES[made.modules % TEMPLATES.len()];
        let name = format!("{kind}_{seed}_{:03}", made.modules);
        let group = format!("group_{:02}", made.modules / GROUP);
        if made.groups.last() != Some(&group) {
            made.groups.push(group.clone());
        }
        let text = module(&mut numbers, template);
        written += text.lines().count();
        let file = sources.join(&group).join(format!("{name}.rs"));
        made.sites
            .push(site(file.clone(), function, format!("{name} 7")));
        files.insert(file, text);
        names.push(name);
        made.modules += 1;
        if names.len() == GROUP || written >= lines {
            let index = sources.join(&group).join("mod.rs");
            files.insert(index, group_index(&names));
            names.clear();
        }
    }
    made
}

fn group_index(names: &[String]) -> String {
    let mut text = String::from("//! Ten modules, and who of them is asked.\n\n");
    for name in names {
        let _ = writeln!(text, "pub mod {name};");
    }
    text.push_str("\npub fn answer(name: &str, value: u64) -> Option<String> {\n");
    text.push_str("    let (text, judged) = match name {\n");
    for name in names {
        let _ = writeln!(
            text,
            "        \"{name}\" => ({name}::answer(value), {name}::judged(value)),"
        );
    }
    text.push_str("        _ => return None,\n    };\n");
    text.push_str("    Some(format!(\"{text}, judged {judged}\"))\n}\n");
    text
}

/// A template with names and numbers of its own, and some functions more.
fn module(numbers: &mut Numbers, template: &str) -> String {
    let subject = format!("{}{}", numbers.one_of(QUALITIES), numbers.one_of(THINGS));
    let number = |numbers: &mut Numbers, low, high| numbers.between(low, high).to_string();
    let mut text = template
        .replace("SUBJECT", &subject.to_lowercase())
        .replace("Subject", &subject)
        .replace("NUMBER_A", &number(numbers, 100, 900))
        .replace("NUMBER_B", &number(numbers, 1_000, 9_000))
        .replace("NUMBER_C", &number(numbers, 100, 5_000))
        .replace("NUMBER_D", &number(numbers, 8, 30));
    let rules = numbers.between(1, 4);
    for rule in 1..=rules {
        let _ = write!(text, "\nfn rule_{rule}(value: u64) -> u64 {{\n");
        let cases = numbers.between(3, 9);
        let _ = writeln!(text, "    match value % {} {{", cases + 2);
        for case in 0..cases {
            let (factor, offset) = (numbers.between(2, 99), numbers.between(1, 5_000));
            let _ = match case % 3 {
                0 => writeln!(
                    text,
                    "        {case} => value.wrapping_mul({factor}) / {offset},"
                ),
                1 => writeln!(
                    text,
                    "        {case} if value > {offset} => value - {offset},"
                ),
                _ => writeln!(
                    text,
                    "        {case} => (value ^ {offset}).rotate_left({}),",
                    factor % 63
                ),
            };
        }
        let thing = numbers.one_of(THINGS).to_lowercase();
        let _ = writeln!(
            text,
            "        other => other + \"{thing}\".len() as u64,\n    }}\n}}"
        );
    }
    let names: Vec<String> = (1..=rules).map(|rule| format!("rule_{rule}")).collect();
    let _ = write!(
        text,
        "\npub fn judged(value: u64) -> u64 {{
    let rules: [fn(u64) -> u64; {rules}] = [{}];
    rules.iter().fold(value, |value, rule| rule(value) % 1_000_003)
}}
",
        names.join(", ")
    );
    text
}

/// Of many sites a few that are far from each other, of all kinds, and one more to warm up.
fn spread(sites: Vec<Site>) -> Vec<Site> {
    let count = sites.len();
    let chosen = count.min(SITES + 1);
    let mut spread: Vec<Site> = (0..chosen)
        .filter_map(|index| sites.get(index * count / chosen.max(1)).cloned())
        .collect();
    spread.dedup();
    spread
}

/// So many records, each a struct and an enum that derive serde's traits and the usual ones, and go through JSON.
#[must_use]
pub fn derives(records: usize) -> Generated {
    let dependencies = "\n[dependencies]\nserde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"\n";
    let mut files = BTreeMap::from([(
        "Cargo.toml".into(),
        manifest("derives", &format!("{dependencies}{ALONE}")),
    )]);
    let mut numbers = Numbers(7);
    let mut sites = Vec::new();
    let mut names = Vec::new();
    for record in 0..records {
        let name = format!("record_{record:03}");
        let file = PathBuf::from(format!("src/{name}.rs"));
        files.insert(file.clone(), record_module(&mut numbers));
        sites.push(site(file, "summary", format!("{name} 7")));
        names.push(name);
    }
    let mut text = format!("//! {records} records that go through JSON.\n");
    text.push_str(
        "// No warnings to print: that would be measured as well.\n#![allow(dead_code)]\n\n",
    );
    for name in &names {
        let _ = writeln!(text, "mod {name};");
    }
    text.push_str(MAIN);
    text.push_str("\nfn answer(name: &str, value: u64) -> Option<String> {\n    match name {\n");
    for name in &names {
        let _ = writeln!(text, "        \"{name}\" => Some({name}::answer(value)),");
    }
    text.push_str("        _ => None,\n    }\n}\n");
    files.insert("src/main.rs".into(), text);
    Generated {
        name: "derives",
        about: format!("one crate, {} serde types", records * 2),
        files,
        sites: spread(sites),
    }
}

/// Types that a field can have: the type, and an expression of it in which `value` is a `u64`.
const FIELDS: [(&str, &str); 8] = [
    ("u64", "value"),
    ("String", "format!(\"text {value}\")"),
    ("Option<i32>", "i32::try_from(value).ok()"),
    ("Vec<u8>", "vec![1, 2, (value % 200) as u8]"),
    ("bool", "value % 2 == 0"),
    (
        "std::collections::BTreeMap<String, u32>",
        "[(\"key\".to_owned(), 5)].into()",
    ),
    ("(f64, f64)", "(value as f64 / 2.0, 0.25)"),
    ("Option<Box<str>>", "Some(\"boxed\".into())"),
];

fn record_module(numbers: &mut Numbers) -> String {
    let subject = format!("{}{}", numbers.one_of(QUALITIES), numbers.one_of(THINGS));
    let kind = format!("{subject}Kind");
    let derives = "#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]\n";
    let mut text =
        format!("//! What is stored of a {subject}.\n\nuse serde::{{Deserialize, Serialize}};\n\n");
    let variants: Vec<&str> = {
        let first = usize::try_from(numbers.next() % 11).unwrap_or(0);
        QUALITIES[first..first + 4].to_vec()
    };
    let _ = writeln!(
        text,
        "{derives}#[serde(tag = \"kind\", rename_all = \"kebab-case\")]\npub enum {kind} {{"
    );
    let _ = writeln!(text, "    {},", variants[0]);
    let _ = writeln!(
        text,
        "    {} {{ amount: u64, remark: String }},",
        variants[1]
    );
    let _ = writeln!(
        text,
        "    #[serde(rename = \"old-{}\")]",
        variants[2].to_lowercase()
    );
    let _ = writeln!(text, "    {} {{ parts: Vec<Option<u32>> }},", variants[2]);
    let _ = writeln!(text, "    {} {{ at: (i64, i64) }},\n}}\n", variants[3]);

    let first = usize::try_from(numbers.next() % 8).unwrap_or(0);
    let fields: Vec<(String, &str, &str)> = (0..4 + numbers.next() % 3)
        .map(|index| {
            let (of_type, sample) =
                FIELDS[(first + usize::try_from(index).unwrap_or(0)) % FIELDS.len()];
            let name = format!("{}_{index}", numbers.one_of(THINGS).to_lowercase());
            (name, of_type, sample)
        })
        .collect();
    let _ = writeln!(
        text,
        "{derives}#[serde(rename_all = \"camelCase\")]\npub struct {subject} {{"
    );
    for (name, of_type, _) in &fields {
        if of_type.starts_with("Option") {
            text.push_str("    #[serde(default, skip_serializing_if = \"Option::is_none\")]\n");
        }
        let _ = writeln!(text, "    pub {name}: {of_type},");
    }
    let _ = writeln!(
        text,
        "    pub kind: {kind},\n    #[serde(default)]\n    pub others: Vec<{kind}>,\n}}\n"
    );

    let _ = writeln!(
        text,
        "impl {kind} {{\n    pub fn sample(value: u64) -> Self {{\n        match value % 4 {{"
    );
    let _ = writeln!(text, "            0 => Self::{},", variants[0]);
    let _ = writeln!(
        text,
        "            1 => Self::{} {{ amount: value, remark: \"{}\".to_owned() }},",
        variants[1],
        numbers.one_of(THINGS)
    );
    let _ = writeln!(
        text,
        "            2 => Self::{} {{ parts: vec![None, Some({})] }},",
        variants[2],
        numbers.between(1, 999)
    );
    let _ = writeln!(
        text,
        "            _ => Self::{} {{ at: (-1, {}) }},\n        }}\n    }}\n}}\n",
        variants[3],
        numbers.between(1, 999)
    );

    let _ = writeln!(
        text,
        "impl {subject} {{\n    pub fn sample(value: u64) -> Self {{\n        Self {{"
    );
    for (name, _, sample) in &fields {
        let _ = writeln!(text, "            {name}: {sample},");
    }
    let _ = writeln!(
        text,
        "            kind: {kind}::sample(value),\n            others: (0..{}).map({kind}::sample).collect(),\n        }}\n    }}\n}}\n",
        numbers.between(2, 7)
    );
    let _ = write!(
        text,
        "fn summary(total: u64, same: bool) -> String {{
    {EDITION}
    format!(\"edition {{edition}}, {{total}} bytes, the same: {{same}}\")
}}

pub fn answer(value: u64) -> String {{
    let sample = {subject}::sample(value);
    let text = serde_json::to_string(&sample).unwrap_or_default();
    let read = serde_json::from_str::<{subject}>(&text);
    summary(text.len() as u64, read.is_ok_and(|read| read == sample))
}}
"
    );
    text
}

#[cfg(test)]
mod tests;
