//! What macros write.

macro_rules! counter {
    ($name:ident, $step:expr) => {
        #[derive(Debug)]
        pub struct $name(u32);

        impl $name {
            pub fn next(&mut self) -> u32 {
                self.0 += $step;
                self.0
            }
        }
    };
}

counter!(Ones, 1);
counter!(Tens, 10);

pub struct Secret;

impl Secret {
    pub fn hidden_by_macro(&self) -> u32 {
        42
    }
}

pub fn made() -> String {
    let mut tens = Tens(0);
    format!("made one {} {tens:?}", tens.next())
}

pub fn hidden() -> String {
    format!("hidden one {}", maker::hidden!(Secret))
}
