//! Answers each line with one line. What is held was made before the first request.

use std::cell::RefCell;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::{BufRead as _, stdin};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use semver::{BuildMetadata, Comparator, Op, Prerelease, Version, VersionReq};

/// Values of all of the crate's types: identifiers that are stored in place, on the heap, and not at all.
struct Held {
    versions: Vec<Version>,
    requirements: Vec<VersionReq>,
}

impl Held {
    fn new() -> Self {
        let versions = [
            "0.0.1",
            "0.2.5",
            "1.0.0-alpha",
            "1.0.0-alpha.1+build.5",
            "1.2.3",
            "1.2.3+a-rather-long-build-identifier-that-lives-on-the-heap",
            "1.2.4-a-rather-long-pre-release-identifier.0",
            "18446744073709551615.0.0",
        ];
        let requirements = [
            "*",
            "1.*",
            "^1.2.3",
            "~1.2",
            ">=1.0.0-alpha, <2",
            "=1.2.3",
            "<1.2.4-b",
            ">0.2",
            "<=1.2",
        ];
        Self {
            versions: versions
                .iter()
                .map(|text| Version::parse(text).unwrap())
                .collect(),
            requirements: requirements
                .iter()
                .map(|text| VersionReq::parse(text).unwrap())
                .collect(),
        }
    }
}

fn main() {
    set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        PLACE.set(place.unwrap_or_default());
    }));
    let mut held = Held::new();
    for line in stdin().lock().lines().map_while(Result::ok) {
        let answer = catch_unwind(AssertUnwindSafe(|| answer(&mut held, &line)));
        let answer = answer.unwrap_or_else(|_| format!("panic at {}", PLACE.take()));
        println!("{}", answer.escape_debug());
    }
}

thread_local! {
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}
fn answer(held: &mut Held, line: &str) -> String {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let halves = || rest.split_once(" | ").unwrap_or((rest, ""));
    match word {
        "version" => match Version::parse(rest) {
            Ok(version) => format!("{version} {version:?} {}", hash(&version)),
            Err(error) => format!("{error} {error:?}"),
        },
        "requirement" => match VersionReq::parse(rest) {
            Ok(requirement) => format!("{requirement} {requirement:?} {}", hash(&requirement)),
            Err(error) => format!("{error} {error:?}"),
        },
        "comparator" => match Comparator::parse(rest) {
            Ok(comparator) => format!(
                "{comparator} {:?} {}",
                comparator.op,
                comparator.matches(&held.versions[4])
            ),
            Err(error) => error.to_string(),
        },
        "prerelease" => match Prerelease::new(rest) {
            Ok(pre) => format!("{pre:?} {} {}", pre.is_empty(), pre.len()),
            Err(error) => error.to_string(),
        },
        "build" => match BuildMetadata::new(rest) {
            Ok(build) => format!(
                "{build:?} {} {:?}",
                build.as_str(),
                build.cmp(&BuildMetadata::EMPTY)
            ),
            Err(error) => error.to_string(),
        },
        "compare" => {
            let (left, right) = halves();
            let (left, right) = (
                Version::parse(left).unwrap(),
                Version::parse(right).unwrap(),
            );
            format!("{:?} {}", left.cmp(&right), left == right)
        }
        "matches" => {
            let (requirement, version) = halves();
            let requirement = VersionReq::parse(requirement).unwrap();
            requirement
                .matches(&Version::parse(version).unwrap())
                .to_string()
        }
        // The held values, read by code that may be newer than they are.
        "held-versions" => held
            .versions
            .iter()
            .map(|version| format!("{version} {version:>12}|{version:<9}| {}", hash(version)))
            .collect::<Vec<_>>()
            .join(", "),
        "held-debug" => format!("{:?} {:?}", held.versions, held.requirements),
        "held-requirements" => held
            .requirements
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; "),
        "held-matches" => {
            let matches = |requirement: &VersionReq| {
                let digit = |version| {
                    if requirement.matches(version) {
                        '1'
                    } else {
                        '0'
                    }
                };
                held.versions.iter().map(digit).collect::<String>()
            };
            held.requirements
                .iter()
                .map(matches)
                .collect::<Vec<_>>()
                .join(" ")
        }
        "held-sorted" => {
            let mut versions: Vec<&Version> = held.versions.iter().collect();
            versions.sort_by(|left, right| right.cmp(left));
            versions
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        }
        "held-cloned" => {
            let cloned = held.versions.clone();
            let equal = cloned
                .iter()
                .zip(&held.versions)
                .all(|(left, right)| left == right);
            format!("{equal} {}", cloned.last().unwrap())
        }
        // Old values are dropped, and others take their place.
        "held-replaced" => {
            let count = held.versions.len();
            let first = held.versions.remove(0);
            held.versions.insert(
                0,
                Version {
                    pre: Prerelease::EMPTY,
                    ..first
                },
            );
            format!("{count} {}", held.versions.len())
        }
        "made" => {
            let comparator = Comparator {
                op: Op::Tilde,
                major: 1,
                minor: Some(2),
                patch: None,
                pre: Prerelease::EMPTY,
            };
            let requirement = VersionReq {
                comparators: vec![comparator],
            };
            format!(
                "{requirement} {} {}",
                Version::new(1, 2, 3),
                requirement == VersionReq::STAR
            )
        }
        "collected" => {
            let from_str: Result<Vec<Version>, _> = rest.split(' ').map(str::parse).collect();
            match from_str {
                Ok(versions) => format!("{:?}", versions.iter().max().map(ToString::to_string)),
                Err(error) => error.to_string(),
            }
        }
        _ => "?".to_owned(),
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish() % 1000
}
