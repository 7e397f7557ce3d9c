pub static TITLES: [&Option<&str>; 2] = [&None, &crate::title::TITLE];
