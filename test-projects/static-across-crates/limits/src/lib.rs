pub static LIMIT: u32 = 10;

pub struct Named {
    pub name: &'static str,
}

pub static NAMED: Named = Named { name: "low" };
