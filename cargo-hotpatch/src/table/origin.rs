//! In which crate's source a function stands, and what it was made for, read from its v0 name.
//!
//! The grammar is that of RFC 2603 and of the chapter "v0 Symbol Format" in the rustc book. To the crate at its root a name leads
//! through nested paths, generic instances and the path that an `impl` stands in; the types beside that way are stepped over.

/// Names nest only so deep; a deeper one was not written by a compiler.
const MAX_DEPTH: usize = 200;

/// The name of the crate in whose source the function of this symbol stands, whatever its generic arguments name:
/// `alloc` for `<alloc::vec::Vec<app::Page>>::push`, `app` for `<app::Page as core::fmt::Debug>::fmt`. A provided method of a trait
/// stands where the trait does, and so does what the compiler makes up for a trait's method (`call_once` of a closure).
///
/// `None` if the symbol is not of the v0 scheme, or has something in it that is not understood.
#[must_use]
pub fn source_crate(symbol: &str) -> Option<&str> {
    Reader::new(symbol)?.root()
}

/// The functions and closures that a function was made for, of crates that are meant: `app::run::{closure#0}` for
/// `<Option<u8>>::map::<app::run::{closure#0}>`, none for `<Vec<app::Page>>::push`. Each by its [`CodePath`]. `None` if the name is not
/// understood.
#[must_use]
pub fn made_for(symbol: &str, is_meant: &dyn Fn(&str) -> bool) -> Option<Vec<CodePath>> {
    let mut reader = Reader::new(symbol)?;
    reader.path(&mut Vec::new())?;
    let met = reader.met.into_iter();
    Some(
        met.filter(|(crate_name, _)| is_meant(crate_name))
            .map(|(_, path)| path)
            .collect(),
    )
}

/// The function or closure that directly holds the closure or coroutine of this symbol; `None` for all other symbols.
#[must_use]
pub fn holder(symbol: &str) -> Option<CodePath> {
    let mut reader = Reader::new(symbol)?;
    while reader.eat(b'I') {}
    (reader.eat(b'N') && reader.eat(b'C')).then_some(())?;
    let mut path = Vec::new();
    reader.path(&mut path)?;
    Some(path)
}

/// Where a function or closure stands: crate, modules, number of the `impl`, and names with what tells equal ones apart. Generic
/// arguments are not part of it. Two names of one function have the same; it is nothing to read.
pub type CodePath = Vec<u8>;

/// Stands at a place of a name behind its `_R`.
#[derive(Clone)]
struct Reader<'n> {
    text: &'n str,
    at: usize,
    depth: usize,
    /// Functions and closures that stood in the place of a type, with their crates.
    met: Vec<(&'n str, CodePath)>,
}

impl<'n> Reader<'n> {
    fn new(symbol: &'n str) -> Option<Self> {
        let mangled = symbol.strip_prefix("_R")?;
        // A suffix such as `.llvm.123` is not part of the name proper.
        let mangled = mangled.split_once('.').map_or(mangled, |(name, _)| name);
        // A number in front is a version of the scheme that is not known yet.
        let is_known = mangled.is_ascii() && !mangled.starts_with(|c: char| c.is_ascii_digit());
        is_known.then_some(Self {
            text: mangled,
            at: 0,
            depth: 0,
            met: Vec::new(),
        })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn deeper(&mut self) -> Option<()> {
        self.depth += 1;
        (self.depth <= MAX_DEPTH).then_some(())
    }

    /// `<path>`: the crate at its root. Does not step over the path.
    fn root(&mut self) -> Option<&'n str> {
        loop {
            self.deeper()?;
            match self.next()? {
                b'C' => return self.identifier(),
                // The path of what an impl stands in; its type and trait follow.
                b'M' | b'X' => self.disambiguator()?,
                b'Y' => self.skip_type()?,
                b'N' => {
                    self.next()?;
                }
                b'I' => {}
                b'B' => self.at = self.back_reference()?,
                _ => return None,
            }
        }
    }

    /// `["s" <base-62-number>]`
    fn disambiguator(&mut self) -> Option<()> {
        if self.eat(b's') {
            self.base_62()?;
        }
        Some(())
    }

    /// `{<0-9a-zA-Z>} "_"`
    fn base_62(&mut self) -> Option<usize> {
        let mut value = 0_usize;
        let start = self.at;
        loop {
            let digit = match self.next()? {
                b'_' if self.at == start + 1 => return Some(0),
                b'_' => return value.checked_add(1),
                digit @ b'0'..=b'9' => digit - b'0',
                digit @ b'a'..=b'z' => digit - b'a' + 10,
                digit @ b'A'..=b'Z' => digit - b'A' + 36,
                _ => return None,
            };
            value = value.checked_mul(62)?.checked_add(usize::from(digit))?;
        }
    }

    /// Where a `B` that was read leads: always back, so that following it comes to an end.
    fn back_reference(&mut self) -> Option<usize> {
        let here = self.at - 1;
        self.base_62().filter(|there| *there < here)
    }

    /// `[<disambiguator>] <undisambiguated-identifier>`
    fn identifier(&mut self) -> Option<&'n str> {
        self.disambiguator()?;
        self.undisambiguated_identifier()
    }

    /// `["u"] <decimal-number> ["_"] <bytes>`
    fn undisambiguated_identifier(&mut self) -> Option<&'n str> {
        self.eat(b'u');
        // A number has no zeros in front: `00` is the empty name, twice.
        let digits = match self.peek()? {
            b'0' => 1,
            _ => self.text[self.at..]
                .bytes()
                .take_while(u8::is_ascii_digit)
                .count(),
        };
        let length: usize = self.text[self.at..self.at + digits].parse().ok()?;
        self.at += digits;
        self.eat(b'_');
        let name = self.text.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(name)
    }

    /// Steps over a `<path>`, and notes where it leads.
    fn path(&mut self, path: &mut CodePath) -> Option<()> {
        self.deeper()?;
        let tag = self.next()?;
        match tag {
            b'C' => {
                let name = self.identifier()?;
                path.extend(name.bytes());
            }
            b'M' | b'X' => {
                let start = self.at;
                self.disambiguator()?;
                let number = &self.text[start..self.at];
                self.path(path)?;
                self.skip_type()?;
                if tag == b'X' {
                    self.path(&mut Vec::new())?;
                }
                path.extend(number.bytes());
            }
            b'Y' => {
                self.skip_type()?;
                self.path(path)?;
            }
            b'N' => {
                let kind = self.next()?;
                self.path(path)?;
                let start = self.at;
                self.identifier()?;
                path.push(kind);
                path.extend(self.text[start..self.at].bytes());
            }
            b'I' => {
                self.path(path)?;
                while !self.eat(b'E') {
                    self.skip_generic_argument()?;
                }
                self.depth -= 1;
                return Some(());
            }
            b'B' => {
                let there = self.back_reference()?;
                let mut back = self.clone();
                back.at = there;
                back.path(path)?;
                self.depth -= 1;
                return Some(());
            }
            _ => return None,
        }
        path.push(tag);
        self.depth -= 1;
        Some(())
    }

    fn skip_generic_argument(&mut self) -> Option<()> {
        match self.peek()? {
            b'L' => self.skip_lifetime(),
            b'K' => {
                self.at += 1;
                self.skip_constant()
            }
            _ => self.skip_type(),
        }
    }

    fn skip_lifetime(&mut self) -> Option<()> {
        if self.eat(b'L') {
            self.base_62()?;
        }
        Some(())
    }

    fn skip_type(&mut self) -> Option<()> {
        self.deeper()?;
        match self.peek()? {
            b'C' | b'M' | b'X' | b'Y' | b'N' | b'I' => {
                let start = self.clone();
                let mut path = Vec::new();
                self.path(&mut path)?;
                if start.is_code() {
                    let crate_name = start.clone().root()?;
                    self.met.push((crate_name, path));
                }
            }
            // The types with a letter of their own.
            b'a'..=b'z' => self.at += 1,
            b'A' => {
                self.at += 1;
                self.skip_type()?;
                self.skip_constant()?;
            }
            b'S' | b'P' | b'O' => {
                self.at += 1;
                self.skip_type()?;
            }
            b'R' | b'Q' => {
                self.at += 1;
                self.skip_lifetime()?;
                self.skip_type()?;
            }
            b'T' => {
                self.at += 1;
                while !self.eat(b'E') {
                    self.skip_type()?;
                }
            }
            b'F' => {
                self.at += 1;
                self.skip_signature()?;
            }
            b'D' => {
                self.at += 1;
                self.skip_bounds()?;
            }
            b'B' => {
                self.at += 1;
                self.back_reference()?;
            }
            _ => return None,
        }
        self.depth -= 1;
        Some(())
    }

    /// `[<binder>] ["U"] ["K" <abi>] {<type>} "E" <type>`
    fn skip_signature(&mut self) -> Option<()> {
        self.skip_binder()?;
        self.eat(b'U');
        if self.eat(b'K') && !self.eat(b'C') {
            self.undisambiguated_identifier()?;
        }
        while !self.eat(b'E') {
            self.skip_type()?;
        }
        self.skip_type()
    }

    /// `[<binder>] {<path> {"p" <identifier> <type>}} "E" <lifetime>`
    fn skip_bounds(&mut self) -> Option<()> {
        self.skip_binder()?;
        while !self.eat(b'E') {
            self.path(&mut Vec::new())?;
            while self.eat(b'p') {
                self.undisambiguated_identifier()?;
                self.skip_generic_argument()?;
            }
        }
        self.skip_lifetime()
    }

    fn skip_binder(&mut self) -> Option<()> {
        if self.eat(b'G') {
            self.base_62()?;
        }
        Some(())
    }

    /// True at the path of a function or closure, with generic arguments or without.
    fn is_code(&self) -> bool {
        let mut here = self.clone();
        while here.eat(b'I') {}
        // `t` is a type's; a module is one as well.
        here.eat(b'N') && here.peek() != Some(b't')
    }

    /// A constant of a simple type: `<type> ["n"] {<hex-digit>} "_"`, `"p"`, or one that was there before.
    fn skip_constant(&mut self) -> Option<()> {
        match self.next()? {
            b'p' => Some(()),
            b'B' => self.back_reference().map(|_| ()),
            b'a'..=b'z' => {
                self.eat(b'n');
                while self.peek()?.is_ascii_hexdigit() {
                    self.at += 1;
                }
                self.eat(b'_').then_some(())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_stands_where_its_code_is_written() {
        for (symbol, expected) in [
            ("_RNvCs6xxl1lAjzDf_1a4main", Some("a")),
            (
                "_RINvNtCs123_4core3ptr13drop_in_placeNtCs9_5myapp6ConfigEBL_",
                Some("core"),
            ),
            // <alloc::boxed::Box<a::T> as core::ops::drop::Drop>::drop
            (
                "_RNvXs8_NtCslNYArtu3iFV_5alloc5boxedINtB5_3BoxDNtCs6xxl1lAjzDf_1a1TEL_ENtNtNtCsgEmfK2I1SDS_4core3ops4drop4Drop4dropBK_",
                Some("alloc"),
            ),
            // a closure of the workspace as argument
            (
                "_RINvNtNtCs1_4core6option6Option3mapuNCNvCs9_10helper_lib3run0EB1_",
                Some("core"),
            ),
            // a trait of the workspace for a foreign type: the impl stands in the workspace
            ("_RNvXCs9_5myappmNtB2_5Trait1f", Some("myapp")),
            // <fn(u32, u32) -> u64 as FnOnce<(u32, u32)>>::call_once, made up by the compiler
            (
                "_RNvYFEuINtNtNtCsgEmfK2I1SDS_4core3ops8function6FnOnceuE9call_onceCs6xxl1lAjzDf_1a",
                Some("core"),
            ),
            // a provided method of a foreign trait
            (
                "_RNvYNtCs9_5myapp4IterNtNtNtCsg_4core4iter6traits8Iterator5countB4_",
                Some("core"),
            ),
            // a closure within a function of the workspace
            ("_RNCNvCs9_5myapp3run0B3_", Some("myapp")),
            ("_RNvCs6xxl1lAjzDf_1a4main.llvm.8123", Some("a")),
            ("main", None),
            ("_ZN4core3ptr13drop_in_place17h0123456789abcdefE", None),
            ("_R", None),
            ("_RB_", None),
            ("_RNvB_1f", None),
            ("_RC5m\u{e9}", None),
            ("_RC99999999999999999999999x", None),
        ] {
            assert_eq!(source_crate(symbol), expected, "{symbol}");
        }
    }

    #[test]
    fn what_a_function_was_made_for_is_found_under_the_name_that_it_has_itself() {
        let is_meant = |name: &str| ["a", "myapp", "helper_lib"].contains(&name);
        for symbol in [
            "_RINvNtCs123_4core3ptr13drop_in_placeNtCs9_5myapp6ConfigEBL_",
            "_RNvXs8_NtCslNYArtu3iFV_5alloc5boxedINtB5_3BoxDNtCs6xxl1lAjzDf_1a1TEL_ENtNtNtCsgEmfK2I1SDS_4core3ops4drop4Drop4dropBK_",
            // A function of another crate.
            "_RINvNtNtCs1_4core6option6Option3mapuNvCs9_5other3runEB1_",
            // A type within a function.
            "_RINvNtCs123_4core3ptr13drop_in_placeNtNvCs9_1a4main5LocalEB4_",
        ] {
            assert_eq!(made_for(symbol, &is_meant), Some(Vec::new()), "{symbol}");
        }
        // A closure of helper_lib::run, whose own closure is `_RNCNCNvCs9_10helper_lib3run00`.
        let map = "_RINvNtNtCs1_4core6option6Option3mapuNCNvCs9_10helper_lib3run0EB1_";
        let inner = holder("_RNCNCNvCs9_10helper_lib3run00").expect("a closure's closure");
        assert_eq!(made_for(map, &is_meant), Some(vec![inner]));
        // A function item a::wait, whose coroutine is `_RNCNvCs9_1a4wait0`; a method of an impl, generic.
        let service = "_RNvMNtCs5_4axum7handlerINtB2_7ServiceNvCs9_1a4waitE4callB3_";
        let wait = holder("_RNCNvCs9_1a4wait0").expect("a coroutine");
        assert_eq!(made_for(service, &is_meant), Some(vec![wait.clone()]));
        let method = holder("_RNCINvMs0_Cs9_1aNtB8_4Page4waitmE0").expect("a coroutine");
        assert_ne!(wait, method);
        let of_method =
            "_RNvMNtCs5_4axum7handlerINtB2_7ServiceINvMs0_Cs9_1aNtBG_4Page4waithEE4callB3_";
        assert_eq!(made_for(of_method, &is_meant), Some(vec![method]));
        for other in ["_RNvCs9_1a4main", "main", "_R", "_RINvCs9_1a4mainhE"] {
            assert_eq!(holder(other), None, "{other}");
        }
        assert_eq!(made_for("main", &is_meant), None);
    }

    proptest::proptest! {
        #[test]
        fn any_name_is_read_to_an_end(name in "_R[ABCDEFGIKLMNOPQRSTUXYBs0-9a-z_.]{0,60}") {
            let _ = (source_crate(&name), holder(&name), made_for(&name, &|_| true));
        }
    }
}
