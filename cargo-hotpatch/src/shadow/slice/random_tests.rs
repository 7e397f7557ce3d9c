//! Random files: whatever is asked for, a slice is made without a panic, and has the lines of the source.

use super::*;

/// A generator of numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        // Xorshift (Marsaglia).
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap_or_default()
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn items(&mut self, depth: usize, out: &mut String) {
        for _ in 0..1 + self.below(5) {
            self.item(depth, out);
        }
    }

    fn item(&mut self, depth: usize, out: &mut String) {
        let attributes = [
            "",
            "",
            "#[cfg(test)]\n",
            "#[cfg(all(test, unix))] ",
            "#[cfg(unix)]\n",
            "/// Words.\n",
            "#[test]\n",
            "#[other]\n",
            "#[inline]\n",
        ];
        out.push_str(self.one(&attributes));
        let name = self.one(&["A", "B", "Test", "Ä"]);
        let gap = self.one(&[" ", "\n", "\n    "]);
        let end = self.one(&["\n", " ", "\n\n"]);
        let body = self.one(&["", "1;", "\n    let a = 2;\n    a;\n", "A::f();", "'ä';"]);
        let text = match self.below(if depth == 0 { 7 } else { 9 }) {
            0 => format!("fn f(){gap}{{{body}}}{end}"),
            1 => format!("#[derive(Clone, Debug)]{gap}struct {name} {{ a: u32 }}{end}"),
            2 => format!("#[derive(Serialize)]{gap}struct {name}(u32);{end}"),
            3 => format!(
                "impl {name} {{{gap}fn f(&self) {{{body}}}{gap}fn g() {{{body}}}{gap}}}{end}"
            ),
            4 => format!("impl Ser for {name} {{{gap}fn f(&self){gap}{{{body}}} }}{end}"),
            5 => format!("trait Ser {{ fn f(&self); fn d(&self){gap}{{{body}}} }}{end}"),
            6 => format!("enum {name} {{ X, Y(u8) }}{end}"),
            inner => {
                let mut items = String::new();
                self.items(depth - 1, &mut items);
                match inner {
                    7 => format!("mod m{depth} {{{gap}{items}}}{end}"),
                    _ => format!("const _: () = {{{gap}{items}}};{end}"),
                }
            }
        };
        out.push_str(&text);
    }
}

#[test]
fn slices_of_random_files_are_made_without_a_panic() {
    let mut numbers = Numbers(0x5eed);
    let mut with_bodies = 0;
    for _ in 0..1_500 {
        let mut text = "use serde::Serialize;\n".to_owned();
        numbers.items(3, &mut text);
        let file = SourceFile::new(text.clone());
        let paths: Vec<String> = file.bodies().iter().map(|body| body.path.clone()).collect();
        with_bodies += usize::from(!paths.is_empty());
        let edited: Vec<&str> = paths
            .iter()
            .map(String::as_str)
            .filter(|_| numbers.below(3) == 0)
            .collect();
        let without_derives = numbers.below(2) == 0;
        let kept: Vec<(usize, &str)> = edited.iter().copied().enumerate().collect();
        let of_crate = FileOfCrate {
            path: Path::new("main.rs"),
            is_root: true,
            file: &file,
            edited: edited.clone(),
        };
        let (slices, _) = slice(&[of_crate], &Learned::default(), without_derives);
        for slice in [None, slices.first()] {
            let shadow = file.shadow(&kept, without_derives, slice);
            assert_eq!(
                shadow.lines().count(),
                text.lines().count(),
                "{edited:?} of:\n{text}\nis:\n{shadow}"
            );
            syn::parse_file(&shadow)
                .unwrap_or_else(|error| panic!("{error}: {edited:?} of:\n{text}\nis:\n{shadow}"));
        }
    }
    assert!(
        with_bodies > 1_000,
        "most files have something to leave out"
    );
}
