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
    Reader::new(symbol, &|_| false)?.root()
}

/// True unless the name proves that the function was made for types only: that it names no function and no closure of a crate
/// that `is_meant`. `<Option<u8>>::map::<app::run::{closure#0}>` names one, `<Vec<app::Page>>::push` does not.
#[must_use]
pub fn is_given_code(symbol: &str, is_meant: &dyn Fn(&str) -> bool) -> bool {
    let Some(mut reader) = Reader::new(symbol, is_meant) else {
        return true;
    };
    reader.skip_path().is_none() || reader.has_met_code
}

/// Stands at a place of a name behind its `_R`.
#[derive(Clone)]
struct Reader<'n, 'm> {
    text: &'n str,
    at: usize,
    depth: usize,
    is_meant: &'m dyn Fn(&str) -> bool,
    /// A function or closure of a crate that is meant was stepped over.
    has_met_code: bool,
}

impl<'n, 'm> Reader<'n, 'm> {
    fn new(symbol: &'n str, is_meant: &'m dyn Fn(&str) -> bool) -> Option<Self> {
        let mangled = symbol.strip_prefix("_R")?;
        // A suffix such as `.llvm.123` is not part of the name proper.
        let mangled = mangled.split_once('.').map_or(mangled, |(name, _)| name);
        // A number in front is a version of the scheme that is not known yet.
        let is_known = mangled.is_ascii() && !mangled.starts_with(|c: char| c.is_ascii_digit());
        is_known.then_some(Self {
            text: mangled,
            at: 0,
            depth: 0,
            is_meant,
            has_met_code: false,
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
        let digits = self.text[self.at..]
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        let length: usize = self.text[self.at..self.at + digits].parse().ok()?;
        self.at += digits;
        self.eat(b'_');
        let name = self.text.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(name)
    }

    fn skip_path(&mut self) -> Option<()> {
        self.deeper()?;
        match self.next()? {
            b'C' => {
                self.identifier()?;
            }
            b'M' => {
                self.disambiguator()?;
                self.skip_path()?;
                self.skip_type()?;
            }
            b'X' => {
                self.disambiguator()?;
                self.skip_path()?;
                self.skip_type()?;
                self.skip_path()?;
            }
            b'Y' => {
                self.skip_type()?;
                self.skip_path()?;
            }
            b'N' => {
                // `t` is a type's; a module is one as well.
                if self.next()? != b't' && !self.has_met_code {
                    let crate_name = self.clone().root()?;
                    self.has_met_code = (self.is_meant)(crate_name);
                }
                self.skip_path()?;
                self.identifier()?;
            }
            b'I' => {
                self.skip_path()?;
                while !self.eat(b'E') {
                    self.skip_generic_argument()?;
                }
            }
            b'B' => {
                self.back_reference()?;
            }
            _ => return None,
        }
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
            b'C' | b'M' | b'X' | b'Y' | b'N' | b'I' => self.skip_path()?,
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
            self.skip_path()?;
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
    fn functions_and_closures_are_told_from_types() {
        let is_meant = |name: &str| ["a", "myapp", "helper_lib"].contains(&name);
        for (symbol, expected) in [
            (
                "_RINvNtCs123_4core3ptr13drop_in_placeNtCs9_5myapp6ConfigEBL_",
                false,
            ),
            (
                "_RNvXs8_NtCslNYArtu3iFV_5alloc5boxedINtB5_3BoxDNtCs6xxl1lAjzDf_1a1TEL_ENtNtNtCsgEmfK2I1SDS_4core3ops4drop4Drop4dropBK_",
                false,
            ),
            (
                "_RINvNtNtCs1_4core6option6Option3mapuNCNvCs9_10helper_lib3run0EB1_",
                true,
            ),
            // <axum::handler::service::HandlerService<a::wait, …>>::call: a function item
            (
                "_RNvMNtCs5_4axum7handlerINtB2_7ServiceNvCs9_1a4waitE4callB3_",
                true,
            ),
            ("_RNvCs9_1a4main", true),
            // A type within a function may hold what the function makes.
            (
                "_RINvNtCs123_4core3ptr13drop_in_placeNtNvCs9_1a4main5LocalEB4_",
                true,
            ),
            ("_ZN4core3ptr13drop_in_place17h0123456789abcdefE", true),
            ("main", true),
        ] {
            assert_eq!(is_given_code(symbol, &is_meant), expected, "{symbol}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_name_is_read_to_an_end(name in "_R[ABCDEFGIKLMNOPQRSTUXYBs0-9a-z_.]{0,60}") {
            let _ = (source_crate(&name), is_given_code(&name, &|_| true));
        }
    }
}
