pub static TITLE: Option<&str> = Some("a");
