pub fn word() -> &'static str {
    "one"
}

#[cfg(test)]
mod tests {
    trait Ser {
        fn ser(&self) -> u32;
    }

    struct Test {
        a: u32,
    }

    impl Clone for Test {
        fn clone(&self) -> Self {
            Test { a: self.a }
        }
    }

    impl Ser for Test {
        fn ser(&self) -> u32 {
            self.a
        }
    }
}
