macro_rules! kinds {
    ($name:ident: $($variant:ident),*) => {
        pub enum $name {
            $($variant),*
        }
    };
}

kinds!(Kind: Apple, Pear);
