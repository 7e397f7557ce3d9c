use std::process::{Command, Stdio};

use super::super::project;
use super::*;

fn lines(generated: &Generated) -> usize {
    project::lines_of_rust(
        generated
            .files
            .iter()
            .map(|(path, text)| (path.as_path(), text.as_str())),
    )
}

#[test]
fn they_are_as_large_as_is_said_and_the_same_each_time() {
    for (name, low, high) in [
        ("hello", 20, 60),
        ("modules", 9_900, 10_700),
        ("derives", 8_800, 11_000),
        ("large", 39_500, 41_500),
        ("workspace", 10_500, 13_500),
    ] {
        let generated = by_name(name).expect("it is shipped");
        assert_eq!(generated.name, name);
        let count = lines(&generated);
        assert!((low..high).contains(&count), "{name} has {count} lines");
        let again = by_name(name).expect("it is shipped");
        assert_eq!(generated.files, again.files, "{name}");
    }
    assert!(by_name("nonsense").is_none());
    assert!(NAMES.iter().all(|name| by_name(name).is_some()));
}

#[test]
fn each_place_is_there_once() {
    for name in NAMES {
        let generated = by_name(name).expect("it is shipped");
        assert!(generated.sites.len() > 1, "{name}");
        for site in &generated.sites {
            let text = &generated.files[&site.file];
            assert_eq!(text.matches(&site.initially).count(), 1, "{site:?}");
            assert!(text.contains(&format!("fn {}(", site.function)), "{site:?}");
        }
    }
}

/// Starts the program by plain cargo, asks it for every site, and expects the answer of the edit of that number.
fn ask(project: &project::Project, numbers: &[u64]) {
    let mut child = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--quiet", "--offline"])
        .current_dir(&project.root)
        .env("CARGO_TARGET_DIR", project.root.join("target"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cargo");
    let requests: String = project
        .sites
        .iter()
        .filter_map(|site| site.ask.as_ref())
        .fold(String::new(), |all, ask| format!("{all}{ask}\n"));
    let mut input = child.stdin.take().expect("piped");
    std::io::Write::write_all(&mut input, requests.as_bytes()).expect("sent");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let answers = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {complaint}", project.name);
    assert_eq!(
        complaint, "",
        "{}: what cargo prints would be measured as well",
        project.name
    );
    let mut lines = answers.lines();
    assert_eq!(lines.next(), Some("ready"));
    for (index, (site, number)) in project.sites.iter().zip(numbers).enumerate() {
        let answer = lines.next().unwrap_or_default();
        let expected = site.expected(*number).expect("they all answer");
        assert!(
            answer.starts_with(&format!("{} ", index + 1)) && answer.contains(&expected),
            "{site:?} answers {answer:?}"
        );
    }
}

#[test]
fn they_compile_without_a_warning_and_each_edit_is_seen_in_the_answer() {
    for generated in [hello(), modules("modules", 900), workspace(100), derives(3)] {
        let room = tempfile::tempdir().expect("a directory");
        let project = generated.write(room.path()).expect("written");
        let mut placed: Vec<String> = project
            .sites
            .iter()
            .map(|site| site.initially.clone())
            .collect();
        // Neighbours get the three forms that an edit can have; where there are only two, the third comes second.
        for round in 1..=if project.sites.len() < 3 { 2 } else { 1 } {
            let numbers: Vec<u64> = (0..)
                .map(|index| round + index * 4)
                .take(placed.len())
                .collect();
            for ((site, placed), number) in project.sites.iter().zip(&mut placed).zip(&numbers) {
                let text = site.shape.text(*number);
                project::replace(room.path(), &site.file, placed, &text).expect("it is there");
                *placed = text;
            }
            ask(&project, &numbers);
        }
    }
}
