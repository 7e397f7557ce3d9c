//! What of a mangled name says which item it is, and what only counts items of one name (Rust RFC 2603).

use std::hash::{BuildHasher as _, Hasher as _};

/// A symbol's name without what only counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diff) struct Spelling {
    /// A digest of the path without the numbers of items and of `impl` blocks. The crates' hashes are part of it, and so are the
    /// numbers of closures, which have no other name.
    pub(in crate::diff) key: u64,
    /// The numbers of the named items in the path and in its arguments, in the order in which they are spelled: 0 for the first
    /// of a name, 1 for the second, and so on. Those of the module that an `impl` stands in are among them.
    pub(in crate::diff) numbers: Vec<u64>,
    /// Something in the path is called `_`, so that the path does not say which item it is.
    pub(in crate::diff) is_nameless: bool,
}

impl Spelling {
    /// Reads a name of the v0 mangling; `None` for any other.
    pub(in crate::diff) fn read(symbol: &str) -> Option<Self> {
        let text = symbol.strip_prefix("_R")?;
        let mut reader = Reader {
            text: text.as_bytes(),
            at: 0,
            hasher: foldhash::fast::FixedState::default().build_hasher(),
            silent: 0,
            numbers: Vec::new(),
            is_nameless: false,
            crates: Vec::new(),
            steps: 0,
        };
        reader.path()?;
        if matches!(reader.peek(), Some(b'C' | b'B')) {
            reader.instantiating_crate()?;
        }
        Some(Self {
            key: reader.hasher.finish(),
            numbers: reader.numbers,
            is_nameless: reader.is_nameless,
        })
    }

    /// True if an item in the path is not the first of its name.
    pub(in crate::diff) fn is_numbered(&self) -> bool {
        self.numbers.iter().any(|number| *number != 0)
    }
}

/// More parts than any name has that people wrote.
const MAX_STEPS: usize = 20_000;

struct Reader<'s> {
    text: &'s [u8],
    at: usize,
    hasher: foldhash::fast::FoldHasher<'static>,
    /// Above 0, nothing goes into the digest.
    silent: usize,
    numbers: Vec<u64>,
    is_nameless: bool,
    /// The crates of the path, as they are spelled.
    crates: Vec<&'s [u8]>,
    steps: usize,
}

impl<'s> Reader<'s> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        self.steps += 1;
        (self.steps <= MAX_STEPS).then_some(byte)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn tell(&mut self, number: u64) {
        if self.silent == 0 {
            self.hasher.write_u64(number);
        }
    }

    /// `_` is 0, `0_` is 1.
    fn base_62(&mut self) -> Option<u64> {
        if self.eat(b'_') {
            return Some(0);
        }
        let mut value: u64 = 0;
        loop {
            let digit = match self.next()? {
                b'_' => return value.checked_add(1),
                byte @ b'0'..=b'9' => byte - b'0',
                byte @ b'a'..=b'z' => byte - b'a' + 10,
                byte @ b'A'..=b'Z' => byte - b'A' + 36,
                _ => return None,
            };
            value = value.checked_mul(62)?.checked_add(u64::from(digit))?;
        }
    }

    /// A number that may be left out: 0 then.
    fn optional(&mut self, tag: u8) -> Option<u64> {
        if self.eat(tag) {
            self.base_62()?.checked_add(1)
        } else {
            Some(0)
        }
    }

    /// Reads what stands at an earlier place with `read`.
    fn referred(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let place = usize::try_from(self.base_62()?).ok()?;
        if place >= self.at {
            return None;
        }
        let here = std::mem::replace(&mut self.at, place);
        read(self)?;
        self.at = here;
        Some(())
    }

    fn name(&mut self) -> Option<()> {
        let is_encoded = self.eat(b'u');
        self.tell(u64::from(is_encoded));
        let mut length: usize = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            self.at += 1;
            length = length
                .checked_mul(10)?
                .checked_add(usize::from(digit - b'0'))?;
            if length == 0 {
                break;
            }
        }
        self.eat(b'_');
        let name = self.text.get(self.at..self.at.checked_add(length)?)?;
        if self.silent == 0 {
            self.hasher.write(name);
            self.hasher.write_u8(0xff);
            self.is_nameless |= name == b"_";
        }
        self.at += length;
        Some(())
    }

    /// The module of an `impl`, whose items are what its type and its trait say.
    fn module_of_impl(&mut self) -> Option<()> {
        self.silent += 1;
        self.optional(b's')?;
        self.path()?;
        self.silent -= 1;
        Some(())
    }

    /// The crate that has compiled an instance for itself tells it from that of another. Of the crates that the path names, one alone
    /// knows all the others and can have compiled it, so such a one says nothing: a method that a trait gives is the one that
    /// an `impl` gives in its stead, though only the former is an instance.
    fn instantiating_crate(&mut self) -> Option<()> {
        let of_path = self.crates.len();
        self.silent += 1;
        self.path()?;
        self.silent -= 1;
        let own = *self.crates.get(of_path)?;
        if !self.crates[..of_path].contains(&own) {
            self.hasher.write(own);
        }
        Some(())
    }

    fn path(&mut self) -> Option<()> {
        let tag = self.next()?;
        match tag {
            b'B' => {}
            // `<T as Trait>` is written either way: a method that the trait gives, or an `impl`.
            b'Y' => self.tell(u64::from(b'X')),
            _ => self.tell(u64::from(tag)),
        }
        match tag {
            b'C' => {
                let start = self.at;
                let hash = self.optional(b's')?;
                self.tell(hash);
                self.name()?;
                let text: &'s [u8] = self.text;
                self.crates.push(text.get(start..self.at)?);
                Some(())
            }
            b'M' => {
                self.module_of_impl()?;
                self.type_()
            }
            b'X' => {
                self.module_of_impl()?;
                self.type_()?;
                self.path()
            }
            b'Y' => {
                self.type_()?;
                self.path()
            }
            b'N' => {
                let space = self.next()?;
                self.tell(u64::from(space));
                self.path()?;
                let number = self.optional(b's')?;
                if space.is_ascii_lowercase() {
                    self.numbers.push(number);
                } else {
                    self.tell(number);
                }
                self.name()
            }
            b'I' => {
                self.path()?;
                while !self.eat(b'E') {
                    self.argument()?;
                }
                self.tell(u64::from(b'E'));
                Some(())
            }
            b'B' => self.referred(Self::path),
            _ => None,
        }
    }

    fn argument(&mut self) -> Option<()> {
        match self.peek()? {
            b'L' => self.lifetime(),
            b'K' => {
                self.at += 1;
                self.tell(u64::from(b'K'));
                self.constant()
            }
            _ => self.type_(),
        }
    }

    fn lifetime(&mut self) -> Option<()> {
        let number = self.optional(b'L')?;
        self.tell(number);
        Some(())
    }

    fn type_(&mut self) -> Option<()> {
        let tag = self.next()?;
        match tag {
            b'a'..=b'z' => {
                self.tell(u64::from(tag));
                return Some(());
            }
            b'B' => return self.referred(Self::type_),
            b'C' | b'M' | b'X' | b'Y' | b'N' | b'I' => {
                self.at -= 1;
                return self.path();
            }
            _ => self.tell(u64::from(tag)),
        }
        match tag {
            b'A' => {
                self.type_()?;
                self.constant()
            }
            b'S' | b'P' | b'O' => self.type_(),
            b'R' | b'Q' => {
                self.lifetime()?;
                self.type_()
            }
            b'T' => self.until_end(Self::type_),
            b'F' => {
                let lifetimes = self.optional(b'G')?;
                self.tell(lifetimes);
                let is_unsafe = self.eat(b'U');
                self.tell(u64::from(is_unsafe));
                if self.eat(b'K') && !self.eat(b'C') {
                    self.name()?;
                }
                self.until_end(Self::type_)?;
                self.type_()
            }
            b'D' => {
                let lifetimes = self.optional(b'G')?;
                self.tell(lifetimes);
                self.until_end(Self::bound)?;
                self.lifetime()
            }
            _ => None,
        }
    }

    fn until_end(&mut self, mut read: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        while !self.eat(b'E') {
            read(self)?;
        }
        self.tell(u64::from(b'E'));
        Some(())
    }

    /// A trait of a trait object, and what its associated types are.
    fn bound(&mut self) -> Option<()> {
        self.path()?;
        while self.eat(b'p') {
            self.name()?;
            self.type_()?;
        }
        Some(())
    }

    fn constant(&mut self) -> Option<()> {
        let tag = self.next()?;
        if tag == b'B' {
            return self.referred(Self::constant);
        }
        self.tell(u64::from(tag));
        match tag {
            b'p' => Some(()),
            b'e' | b'a'..=b'z' => loop {
                let byte = self.next()?;
                self.tell(u64::from(byte));
                if byte == b'_' {
                    return Some(());
                }
            },
            b'R' | b'Q' => self.constant(),
            b'A' | b'T' => self.until_end(Self::constant),
            b'V' => {
                self.path()?;
                match self.next()? {
                    b'U' => Some(()),
                    b'T' => self.until_end(Self::constant),
                    b'S' => self.until_end(|reader| {
                        reader.optional(b's')?;
                        reader.name()?;
                        reader.constant()
                    }),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(symbol: &str) -> Spelling {
        Spelling::read(symbol).unwrap_or_else(|| panic!("{symbol} is not understood"))
    }

    #[test]
    fn numbers_of_items_are_no_part_of_the_key() {
        let first = read("_RNvNvCs1_1a1f1g");
        let second = read("_RNvNvCs1_1a1fs_1g");
        assert_eq!(first.key, second.key);
        assert_eq!((first.numbers, second.numbers), (vec![0, 0], vec![0, 1]));
        assert_ne!(read("_RNvNvCs1_1a1f1g").key, read("_RNvNvCs2_1a1f1g").key);
        assert_ne!(first.key, read("_RNvNvCs1_1a1f1h").key);
    }

    #[test]
    fn an_impl_is_known_by_its_type_whatever_its_number_and_its_block() {
        // `<wsDog>::name` in the first and in the second `impl` of its module.
        let first = read("_RNvMCskVyHOA0GFd3_2wsNtB2_3Dog4name");
        let second = read("_RNvMs_CskVyHOA0GFd3_2wsNtB4_3Dog4name");
        assert_eq!(first, second);
    }

    #[test]
    fn a_method_that_a_trait_gives_is_the_one_that_an_impl_gives_in_its_stead() {
        let own = read("_RNvXCs1_1aNtCs1_1a3CatNtCs1_1a6Animal5shown");
        let given = read("_RNvYNtCs1_1a3CatNtCs1_1a6Animal5shownCs1_1a");
        assert_eq!(own.key, given.key);
        // Another crate's copy of it.
        let copy = read("_RNvYNtCs1_1a3CatNtCs1_1a6Animal5shownCs2_1b");
        assert_ne!(given.key, copy.key);
    }

    #[test]
    fn closures_are_known_by_their_numbers() {
        let first = read("_RNCNvCs1_1a1f0B3_");
        let second = read("_RNCNvCs1_1a1fs_0B3_");
        assert_ne!(first.key, second.key);
        assert!(!second.is_numbered());
    }

    #[test]
    fn what_is_no_name_of_this_kind_is_refused() {
        for symbol in [
            "main",
            "_R",
            "_RN",
            "_RNvB9_1a",
            "_RINvCs1_1a1f",
            "_ZN1a1bE",
        ] {
            assert_eq!(Spelling::read(symbol), None, "{symbol}");
        }
    }
}
