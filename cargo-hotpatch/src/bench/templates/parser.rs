//! The little language in which the SUBJECT department writes its conditions.

use std::iter::Peekable;
use std::str::Chars;

#[derive(Debug, Clone, PartialEq)]
pub enum SubjectToken {
    Number(i64),
    Name(String),
    Operator(char),
    Open,
    Close,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectSyntaxError {
    Unexpected(char, usize),
    UnknownName(String),
    DivisionByZero,
    EndOfText,
}

#[derive(Debug, Clone, PartialEq)]
pub enum SubjectTerm {
    Value(i64),
    Variable(String),
    Negative(Box<SubjectTerm>),
    Pair(Box<SubjectTerm>, char, Box<SubjectTerm>),
}

pub struct SubjectTokens<'a> {
    characters: Peekable<Chars<'a>>,
    position: usize,
}

impl<'a> SubjectTokens<'a> {
    pub fn of(text: &'a str) -> Self {
        Self { characters: text.chars().peekable(), position: 0 }
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(character) = self.characters.next_if(|character| fits(*character)) {
            taken.push(character);
            self.position += 1;
        }
        taken
    }
}

impl Iterator for SubjectTokens<'_> {
    type Item = Result<SubjectToken, SubjectSyntaxError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.take_while(char::is_whitespace);
        let first = *self.characters.peek()?;
        Some(Ok(match first {
            '0'..='9' => {
                let digits = self.take_while(|character| character.is_ascii_digit());
                SubjectToken::Number(digits.parse().unwrap_or(i64::MAX))
            }
            'a'..='z' | '_' => SubjectToken::Name(self.take_while(char::is_alphanumeric)),
            '+' | '-' | '*' | '/' => {
                self.characters.next();
                SubjectToken::Operator(first)
            }
            '(' => {
                self.characters.next();
                SubjectToken::Open
            }
            ')' => {
                self.characters.next();
                SubjectToken::Close
            }
            other => return Some(Err(SubjectSyntaxError::Unexpected(other, self.position))),
        }))
    }
}

pub fn parse(tokens: &[SubjectToken]) -> Result<(SubjectTerm, &[SubjectToken]), SubjectSyntaxError> {
    let (mut left, mut rest) = operand(tokens)?;
    while let [SubjectToken::Operator(operator), behind @ ..] = rest {
        let (right, behind) = operand(behind)?;
        left = SubjectTerm::Pair(Box::new(left), *operator, Box::new(right));
        rest = behind;
    }
    Ok((left, rest))
}

fn operand(tokens: &[SubjectToken]) -> Result<(SubjectTerm, &[SubjectToken]), SubjectSyntaxError> {
    match tokens {
        [SubjectToken::Number(number), rest @ ..] => Ok((SubjectTerm::Value(*number), rest)),
        [SubjectToken::Name(name), rest @ ..] => Ok((SubjectTerm::Variable(name.clone()), rest)),
        [SubjectToken::Operator('-'), rest @ ..] => {
            let (term, rest) = operand(rest)?;
            Ok((SubjectTerm::Negative(Box::new(term)), rest))
        }
        [SubjectToken::Open, rest @ ..] => match parse(rest)? {
            (term, [SubjectToken::Close, rest @ ..]) => Ok((term, rest)),
            _ => Err(SubjectSyntaxError::EndOfText),
        },
        _ => Err(SubjectSyntaxError::EndOfText),
    }
}

impl SubjectTerm {
    pub fn evaluate(&self, variable: i64) -> Result<i64, SubjectSyntaxError> {
        match self {
            Self::Value(value) => Ok(*value),
            Self::Variable(name) if name == "x" => Ok(variable),
            Self::Variable(name) => Err(SubjectSyntaxError::UnknownName(name.clone())),
            Self::Negative(term) => term.evaluate(variable).map(i64::wrapping_neg),
            Self::Pair(left, operator, right) => {
                let (left, right) = (left.evaluate(variable)?, right.evaluate(variable)?);
                match operator {
                    '+' => Ok(left.wrapping_add(right)),
                    '-' => Ok(left.wrapping_sub(right)),
                    '*' => Ok(left.wrapping_mul(right)),
                    _ => left.checked_div(right).ok_or(SubjectSyntaxError::DivisionByZero),
                }
            }
        }
    }
}

fn report(text: &str, value: i64) -> String {
    let tokens: Result<Vec<SubjectToken>, SubjectSyntaxError> = SubjectTokens::of(text).collect();
    let result = tokens.and_then(|tokens| parse(&tokens)?.0.evaluate(value));
    let total = text.len() as u64;
    let edition: u64 = 0;
    match result {
        Ok(number) => format!("edition {edition}, SUBJECT term of {total} is {number}"),
        Err(error) => format!("edition {edition}, SUBJECT term of {total} fails: {error:?}"),
    }
}

pub fn answer(value: u64) -> String {
    let number = i64::try_from(value).unwrap_or(0);
    let nonsense = report("(NUMBER_A + ", number).len() + report("1 / (x - x)", number).len();
    format!("{}, nonsense {nonsense}", report("(x + NUMBER_B) * -NUMBER_D - x / NUMBER_C", number))
}
