//! How the SUBJECT department writes its letters: words, lines, and templates with holes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectPart<'a> {
    Text(&'a str),
    Hole { name: &'a str, width: usize },
}

#[derive(Debug, PartialEq, Eq)]
pub enum SubjectTemplateError<'a> {
    Unclosed(usize),
    BadWidth(&'a str),
    Unfilled(&'a str),
}

pub struct SubjectTemplate<'a> {
    parts: Vec<SubjectPart<'a>>,
}

impl<'a> SubjectTemplate<'a> {
    pub fn parse(mut text: &'a str) -> Result<Self, SubjectTemplateError<'a>> {
        let mut parts = Vec::new();
        while let Some(open) = text.find('<') {
            if open > 0 {
                parts.push(SubjectPart::Text(&text[..open]));
            }
            let inside = &text[open + 1..];
            let close = inside.find('>').ok_or(SubjectTemplateError::Unclosed(open))?;
            let (name, width) = match inside[..close].split_once(':') {
                None => (&inside[..close], 0),
                Some((name, width)) => {
                    let parsed = width.parse().map_err(|_| SubjectTemplateError::BadWidth(width))?;
                    (name, parsed)
                }
            };
            parts.push(SubjectPart::Hole { name, width });
            text = &inside[close + 1..];
        }
        parts.push(SubjectPart::Text(text));
        Ok(Self { parts })
    }

    pub fn fill<F>(&self, values: F) -> Result<String, SubjectTemplateError<'a>>
    where
        F: Fn(&str) -> Option<Cow<'static, str>>,
    {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                SubjectPart::Text(text) => filled.push_str(text),
                SubjectPart::Hole { name, width } => {
                    let value = values(name).ok_or(SubjectTemplateError::Unfilled(name))?;
                    let _ = write!(filled, "{value:>width$}", width = *width);
                }
            }
        }
        Ok(filled)
    }
}

pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() || line.len() + 1 + word.len() <= width => {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

pub fn frequencies(text: &str) -> BTreeMap<char, u64> {
    let mut counted = BTreeMap::new();
    for character in text.chars().filter(|character| character.is_alphabetic()) {
        *counted.entry(character.to_ascii_lowercase()).or_insert(0) += 1;
    }
    counted
}

fn letter(value: u64) -> Result<String, SubjectTemplateError<'static>> {
    let template = SubjectTemplate::parse("Dear <who>, SUBJECT owes you <sum:NUMBER_D> since <when>.")?;
    let text = template.fill(|name| match name {
        "who" => Some(Cow::Borrowed("customer NUMBER_A")),
        "sum" => Some(Cow::Owned((value % NUMBER_C).to_string())),
        "when" => Some(Cow::Borrowed("day NUMBER_B")),
        _ => None,
    })?;
    let total: u64 = frequencies(&text).values().sum();
    let edition: u64 = 0;
    Ok(format!("edition {edition}, {total} letters, {}", wrapped(&text, 24).join(" / ")))
}

pub fn answer(value: u64) -> String {
    let wrong = SubjectTemplate::parse("<open").is_err();
    match letter(value) {
        Ok(text) => format!("{text}, {wrong}"),
        Err(error) => format!("no letter: {error:?}"),
    }
}
