pub struct Rule {
    pub limit: &'static u32,
    pub name: &'static limits::Named,
}

pub static RULES: [Rule; 1] = [Rule {
    limit: &limits::LIMIT,
    name: &limits::NAMED,
}];

static ABOVE: u32 = limits::LIMIT + 1;

pub fn above() -> u32 {
    ABOVE
}
