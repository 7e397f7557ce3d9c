//! Functions and type attributes of a file, found in its tokens rather than in its syntax tree.
//!
//! Debug info names a function by the line where its item begins, also when it stands inside of a macro's definition or
//! call, where no syntax tree reaches. So functions are found by their `fn`, wherever it is.

use std::collections::HashMap;

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use quote::ToTokens as _;

use super::closures::{Entry, entries_of_block, entries_of_expression, entries_of_tokens};

/// A function as it stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionText {
    /// The identifier behind `fn`; empty where it is a macro's parameter.
    pub name: String,
    /// Line of the first token after the attributes (1-based): the line that debug info gives.
    pub first_line: usize,
    /// Line of the identifier.
    pub name_line: usize,
    /// Line of the body's end.
    pub last_line: usize,
    /// All of the header's tokens, with attributes (but not documentation) and visibility.
    pub header: String,
    /// What of the header decides how the function is called: no visibility, no parameter names, no lint attributes.
    pub call_shape: String,
    /// What of [`Self::call_shape`] changes calls whatever the types are: ABI, C variadics, attributes such as `track_caller`. Empty when
    /// the header could not be parsed.
    pub convention: String,
    /// The body's tokens; empty for a declaration.
    pub body: String,
    /// Parameters in the header, receiver included; `None` when the header could not be parsed.
    pub inputs: Option<usize>,
    /// `extern "…"`, `#[no_mangle]` or `#[export_name]`: callers outside of Rust's type checks.
    pub foreign_callers: bool,
    /// The header contains parameters of a macro, so its text alone does not say what it is.
    pub depends_on_macro: bool,
    /// `async fn`.
    pub is_async: bool,
    /// Closures, async blocks and macro calls of the body, in order.
    pub entries: Vec<Entry>,
}

/// Attributes of a type that decide how its values are laid out and passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeText {
    /// The identifier.
    pub name: String,
    /// 1-based.
    pub line: usize,
    /// All `repr` attributes, and those that are not understood.
    pub attributes: String,
    /// Everything but visibility, documentation and derives.
    pub definition: String,
}

/// A block of `impl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImplText {
    /// All tokens in front of the block.
    pub header: String,
    /// 1-based.
    pub first_line: usize,
    /// 1-based.
    pub last_line: usize,
}

/// The initial value of a static or constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueText {
    /// The identifier.
    pub name: String,
    /// 1-based.
    pub line: usize,
    /// Closures, async blocks and macro calls of the value, in order.
    pub entries: Vec<Entry>,
}

/// All functions and types of a piece of a file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Contents {
    /// In the order of the text.
    pub(super) functions: Vec<FunctionText>,
    /// In the order of the text.
    pub(super) types: Vec<TypeText>,
    /// Blocks of `impl`, in the order of the text.
    pub(super) impls: Vec<ImplText>,
    /// Initial values of statics and constants, in the order of the text.
    pub(super) values: Vec<ValueText>,
    /// Lines of derives, with the derived trait's name.
    derives: HashMap<usize, Vec<String>>,
}

/// Derives whose output has a fixed interface.
pub(crate) const BUILTIN_DERIVES: &[&str] = &[
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Eq",
    "PartialEq",
    "Ord",
    "PartialOrd",
    "Hash",
];

impl Contents {
    /// What stands in a text, by the lines of the file of which it is the part below `lines_above`; `None` when its tokens
    /// cannot be read.
    pub(super) fn of(text: &str, lines_above: usize) -> Option<Self> {
        let contents = super::on_stack_for(text, || {
            let contents = super::tokens_of(text).ok().map(|tokens| {
                let mut contents = Self::default();
                contents.stream(tokens, true);
                contents
            });
            super::forget_spans();
            contents
        });
        let mut contents = contents??;
        if lines_above != 0 {
            contents.move_down(lines_above);
        }
        Some(contents)
    }

    /// Both, one after the other.
    #[cfg(test)]
    pub(super) fn append(&mut self, mut other: Self) {
        self.functions.append(&mut other.functions);
        self.types.append(&mut other.types);
        self.impls.append(&mut other.impls);
        self.values.append(&mut other.values);
        self.derives.extend(other.derives);
    }

    fn move_down(&mut self, lines: usize) {
        fn move_entries(entries: &mut [Entry], lines: usize) {
            for entry in entries {
                entry.line += lines;
                move_entries(&mut entry.children, lines);
            }
        }
        for function in &mut self.functions {
            function.first_line += lines;
            function.name_line += lines;
            function.last_line += lines;
            move_entries(&mut function.entries, lines);
        }
        for text in &mut self.types {
            text.line += lines;
        }
        for block in &mut self.impls {
            block.first_line += lines;
            block.last_line += lines;
        }
        for value in &mut self.values {
            value.line += lines;
            move_entries(&mut value.entries, lines);
        }
        self.derives = std::mem::take(&mut self.derives)
            .into_iter()
            .map(|(line, names)| (line + lines, names))
            .collect();
    }

    /// See [`super::index::TextIndex::is_builtin_derive`].
    pub(super) fn is_builtin_derive(&self, line: usize) -> bool {
        self.derives.get(&line).is_some_and(|names| {
            names
                .iter()
                .all(|name| BUILTIN_DERIVES.contains(&name.as_str()))
        })
    }

    fn stream(&mut self, tokens: TokenStream, items: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for position in 0..tokens.len() {
            match &tokens[position] {
                TokenTree::Group(group) => {
                    if group.delimiter() == Delimiter::Bracket
                        && position > 0
                        && is_punct(&tokens[position - 1], '#')
                    {
                        self.derive(&group.stream());
                    }
                    self.stream(group.stream(), group.delimiter() == Delimiter::Brace);
                }
                TokenTree::Ident(ident) if ident == "fn" => self.function(&tokens, position),
                TokenTree::Ident(ident)
                    if ident == "struct" || ident == "enum" || ident == "union" =>
                {
                    self.type_item(&tokens, position);
                }
                TokenTree::Ident(ident) if ident == "impl" && items => {
                    self.implementation(&tokens, position);
                }
                TokenTree::Ident(ident) if ident == "static" || ident == "const" => {
                    self.value(&tokens, position);
                }
                _ => {}
            }
        }
    }

    fn implementation(&mut self, tokens: &[TokenTree], at: usize) {
        // In a type, `impl` follows upon something else.
        let begins = match at.checked_sub(1).map(|before| &tokens[before]) {
            None => true,
            Some(TokenTree::Group(group)) => group.delimiter() != Delimiter::Parenthesis,
            Some(TokenTree::Punct(punct)) => punct.as_char() == ';',
            Some(TokenTree::Ident(ident)) => ident == "unsafe" || ident == "default",
            Some(TokenTree::Literal(_)) => false,
        };
        let block = tokens[at..].iter().position(
            |token| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace),
        );
        let (true, Some(block)) = (begins, block) else {
            return;
        };
        let TokenTree::Group(group) = &tokens[at + block] else {
            return;
        };
        self.impls.push(ImplText {
            header: tokens[at..at + block]
                .iter()
                .cloned()
                .collect::<TokenStream>()
                .to_string(),
            first_line: tokens[at].span().start().line,
            last_line: group.span_close().end().line,
        });
    }

    fn value(&mut self, tokens: &[TokenTree], at: usize) {
        let mut next = at + 1;
        if matches!(tokens.get(next), Some(TokenTree::Ident(ident)) if ident == "mut") {
            next += 1;
        }
        let (Some(TokenTree::Ident(name)), Some(colon)) = (tokens.get(next), tokens.get(next + 1))
        else {
            return;
        };
        if !is_punct(colon, ':') {
            return;
        }
        let Some(end) = tokens[next..].iter().position(|token| is_punct(token, ';')) else {
            return;
        };
        let item = &tokens[next..next + end];
        let Some(equals) = item.iter().position(|token| is_punct(token, '=')) else {
            return;
        };
        let value: TokenStream = item[equals + 1..].iter().cloned().collect();
        let entries = match syn::parse2::<syn::Expr>(value.clone()) {
            Ok(expression) => entries_of_expression(&expression),
            Err(_) => entries_of_tokens(&value),
        };
        self.values.push(ValueText {
            name: name.to_string(),
            line: name.span().start().line,
            entries,
        });
    }

    fn derive(&mut self, attribute: &TokenStream) {
        let mut inner = attribute.clone().into_iter();
        let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(list))) =
            (inner.next(), inner.next())
        else {
            return;
        };
        if name != "derive" {
            return;
        }
        for token in list.stream() {
            if let TokenTree::Ident(ident) = token {
                self.derives
                    .entry(ident.span().start().line)
                    .or_default()
                    .push(ident.to_string());
            }
        }
    }

    fn function(&mut self, tokens: &[TokenTree], at: usize) {
        let (name, mut next, depends_on_macro) = match (tokens.get(at + 1), tokens.get(at + 2)) {
            (Some(TokenTree::Ident(name)), _) => (name.to_string(), at + 2, false),
            (Some(TokenTree::Punct(dollar)), Some(TokenTree::Ident(_)))
                if dollar.as_char() == '$' =>
            {
                (String::new(), at + 3, true)
            }
            // A function pointer's type.
            _ => return,
        };
        let name_line = tokens[at + 1].span().start().line;
        let qualifiers = start_of_qualifiers(tokens, at);
        let attributes = attributes_before(tokens, qualifiers);
        let mut angle = 0_i32;
        let mut body = None;
        let mut seen_parameters = false;
        while let Some(token) = tokens.get(next) {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '<' => angle += 1,
                TokenTree::Punct(punct) if punct.as_char() == '>' => {
                    let arrow = next > 0
                        && matches!(&tokens[next - 1], TokenTree::Punct(before)
                            if before.spacing() == Spacing::Joint && matches!(before.as_char(), '-' | '='));
                    if !arrow {
                        angle -= 1;
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => break,
                TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                    seen_parameters = true;
                }
                TokenTree::Group(group)
                    if group.delimiter() == Delimiter::Brace && angle <= 0 && seen_parameters =>
                {
                    body = Some(group.clone());
                    break;
                }
                _ => {}
            }
            next += 1;
        }
        if !seen_parameters {
            return;
        }
        let visibility_end = end_of_visibility(tokens, qualifiers);
        let header_tokens = tokens[qualifiers..next.min(tokens.len())]
            .iter()
            .cloned()
            .collect::<TokenStream>();
        let call_tokens = tokens[visibility_end..next.min(tokens.len())]
            .iter()
            .cloned()
            .collect::<TokenStream>();
        let kept: Vec<String> = attributes
            .iter()
            .filter(|text| !text.starts_with("doc"))
            .cloned()
            .collect();
        let calling: Vec<String> = attributes
            .iter()
            .filter(|text| !is_harmless_attribute(text))
            .cloned()
            .collect();
        let header = format!("#[{}] {header_tokens}", kept.join(", "));
        let signature = syn::parse2::<syn::Signature>(call_tokens.clone()).ok();
        let call_shape = match &signature {
            Some(signature) => format!("#[{}] {}", calling.join(", "), call_shape(signature)),
            None => header.clone(),
        };
        let convention = signature
            .as_ref()
            .map(|signature| convention(signature, &calling))
            .unwrap_or_default();
        let qualifier_words: Vec<String> = tokens[qualifiers..at]
            .iter()
            .map(ToString::to_string)
            .collect();
        let foreign_callers = qualifier_words.iter().any(|word| word == "extern")
            || kept
                .iter()
                .any(|text| text.contains("no_mangle") || text.contains("export_name"));
        let entries = match &body {
            Some(group) => {
                match syn::parse2::<syn::Block>(TokenStream::from(TokenTree::Group(group.clone())))
                {
                    Ok(block) => entries_of_block(&block),
                    Err(_) => entries_of_tokens(&group.stream()),
                }
            }
            None => Vec::new(),
        };
        self.functions.push(FunctionText {
            name,
            first_line: tokens[qualifiers].span().start().line,
            name_line,
            last_line: body
                .as_ref()
                .map_or(name_line, |group| group.span_close().end().line),
            header,
            call_shape,
            convention,
            body: body
                .map(|group| group.stream().to_string())
                .unwrap_or_default(),
            inputs: signature.as_ref().map(|signature| signature.inputs.len()),
            foreign_callers,
            depends_on_macro: depends_on_macro || header_tokens.to_string().contains('$'),
            is_async: qualifier_words.iter().any(|word| word == "async"),
            entries,
        });
    }

    fn type_item(&mut self, tokens: &[TokenTree], at: usize) {
        let Some(TokenTree::Ident(name)) = tokens.get(at + 1) else {
            return;
        };
        let qualifiers = start_of_qualifiers(tokens, at);
        let attributes = attributes_before(tokens, qualifiers);
        let layout: Vec<String> = attributes
            .into_iter()
            .filter(|text| !is_harmless_attribute(text) && !text.starts_with("derive"))
            .collect();
        let mut definition = TokenStream::new();
        for token in &tokens[at..] {
            let end = match token {
                TokenTree::Punct(punct) => punct.as_char() == ';',
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                _ => false,
            };
            definition.extend([token.clone()]);
            if end {
                break;
            }
        }
        self.types.push(TypeText {
            name: name.to_string(),
            line: name.span().start().line,
            attributes: layout.join(", "),
            definition: without_noise(definition),
        });
    }
}

fn is_punct(token: &TokenTree, which: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == which)
}

/// The first token of visibility and qualifiers in front of the keyword at `at`.
fn start_of_qualifiers(tokens: &[TokenTree], at: usize) -> usize {
    const WORDS: &[&str] = &[
        "pub", "const", "async", "unsafe", "extern", "default", "safe", "gen",
    ];
    let mut start = at;
    while start > 0 {
        let before = &tokens[start - 1];
        let part = match before {
            TokenTree::Ident(ident) => WORDS.iter().any(|word| ident == word),
            // `extern "C"`
            TokenTree::Literal(_) => {
                start >= 2
                    && matches!(&tokens[start - 2], TokenTree::Ident(ident) if ident == "extern")
            }
            // `pub(crate)`
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                start >= 2
                    && matches!(&tokens[start - 2], TokenTree::Ident(ident) if ident == "pub")
            }
            _ => false,
        };
        if !part {
            break;
        }
        start -= 1;
    }
    start
}

/// Where the visibility that begins at `start` ends.
fn end_of_visibility(tokens: &[TokenTree], start: usize) -> usize {
    match tokens.get(start) {
        Some(TokenTree::Ident(ident)) if ident == "pub" => match tokens.get(start + 1) {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                start + 2
            }
            _ => start + 1,
        },
        _ => start,
    }
}

/// The outer attributes that end right in front of `end`: the text inside of each `#[…]`.
fn attributes_before(tokens: &[TokenTree], end: usize) -> Vec<String> {
    let mut start = end;
    let mut texts = Vec::new();
    while start >= 2 {
        let (TokenTree::Punct(hash), TokenTree::Group(group)) =
            (&tokens[start - 2], &tokens[start - 1])
        else {
            break;
        };
        if hash.as_char() != '#' || group.delimiter() != Delimiter::Bracket {
            break;
        }
        texts.push(group.stream().to_string());
        start -= 2;
    }
    texts.reverse();
    texts
}

/// Attributes that change neither layout nor calls.
fn is_harmless_attribute(text: &str) -> bool {
    const NAMES: &[&str] = &[
        "doc",
        "allow",
        "warn",
        "deny",
        "expect",
        "forbid",
        "must_use",
        "deprecated",
        "cold",
        "rustfmt",
        "clippy",
        "cfg",
        "inline",
    ];
    let name: String = text
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    NAMES.contains(&name.as_str())
}

/// `unsafe`, `const`, lifetimes, a `mut` in front of `self` and the comma at a list's end are left out: the code of a call is the
/// same with them.
fn call_shape(signature: &syn::Signature) -> String {
    let mut generics = signature.generics.clone();
    generics.params.pop_punct();
    if let Some(clause) = &mut generics.where_clause {
        clause.predicates.pop_punct();
    }
    let inputs: Vec<String> = signature
        .inputs
        .iter()
        .map(|input| match input {
            syn::FnArg::Receiver(receiver)
                if receiver.reference.is_none() && receiver.colon_token.is_none() =>
            {
                "self".to_owned()
            }
            syn::FnArg::Receiver(receiver) => without_lifetimes(receiver.to_token_stream()),
            syn::FnArg::Typed(typed) => without_lifetimes(typed.ty.to_token_stream()),
        })
        .collect();
    format!(
        "{} {} fn {} {} ({}{}) {} {}",
        signature.asyncness.to_token_stream(),
        signature.abi.to_token_stream(),
        signature.ident,
        without_lifetimes(generics.to_token_stream()),
        inputs.join(", "),
        signature.variadic.to_token_stream(),
        without_lifetimes(signature.output.to_token_stream()),
        without_lifetimes(generics.where_clause.to_token_stream()),
    )
}

/// How a function is called apart from its types.
fn convention(signature: &syn::Signature, calling: &[String]) -> String {
    const ATTRIBUTES: &[&str] = &["track_caller", "target_feature", "naked"];
    let abi = match &signature.abi {
        None => String::new(),
        Some(syn::Abi {
            name: Some(name), ..
        }) => format!("extern {name:?} ", name = name.value()),
        Some(_) => "extern \"C\" ".to_owned(),
    };
    let attributes: Vec<&str> = calling
        .iter()
        .map(String::as_str)
        .filter(|text| ATTRIBUTES.iter().any(|name| text.contains(name)))
        .collect();
    let variadic = if signature.variadic.is_some() {
        ", ..."
    } else {
        ""
    };
    let attributes = if attributes.is_empty() {
        String::new()
    } else {
        format!("#[{}] ", attributes.join(", "))
    };
    format!("{attributes}{abi}fn(_{variadic})")
}

/// Tokens as text; a list loses the comma behind a lifetime, and its brackets if nothing else was in it.
fn without_lifetimes(tokens: TokenStream) -> String {
    fn clean(tokens: TokenStream) -> TokenStream {
        let mut out: Vec<TokenTree> = Vec::new();
        let mut tokens = tokens.into_iter().peekable();
        let is = |token: Option<&TokenTree>, wanted: char| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted);
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                    tokens.next();
                    if is(tokens.peek(), ',') {
                        tokens.next();
                    } else if is(tokens.peek(), '>') && is(out.last(), '<') {
                        out.pop();
                        tokens.next();
                    }
                }
                TokenTree::Group(group) => {
                    let inner = clean(group.stream());
                    out.push(TokenTree::Group(Group::new(group.delimiter(), inner)));
                }
                other => out.push(other),
            }
        }
        out.into_iter().collect()
    }
    clean(tokens).to_string()
}

/// Tokens as text, without documentation and visibility at any depth.
fn without_noise(tokens: TokenStream) -> String {
    fn clean(tokens: TokenStream, out: &mut String) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut position = 0;
        while position < tokens.len() {
            match &tokens[position] {
                TokenTree::Ident(ident) if ident == "pub" => {
                    position = end_of_visibility(&tokens, position);
                }
                TokenTree::Punct(punct)
                    if punct.as_char() == '#' && is_documentation(tokens.get(position + 1)) =>
                {
                    position += 2;
                }
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::Bracket => ("[", "]"),
                        Delimiter::None => ("", ""),
                    };
                    out.push_str(open);
                    clean(group.stream(), out);
                    out.push_str(close);
                    position += 1;
                }
                other => {
                    out.push_str(&other.to_string());
                    out.push(' ');
                    position += 1;
                }
            }
        }
    }
    let mut out = String::new();
    clean(tokens, &mut out);
    out
}

fn is_documentation(token: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(group)) = token else {
        return false;
    };
    group.delimiter() == Delimiter::Bracket
        && matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(ident)) if ident == "doc")
}
