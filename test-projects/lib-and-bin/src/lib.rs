#[repr(C)]
pub struct Kept {
    pub a: u32,
    pub b: u64,
}

pub fn show(kept: &Kept) -> String {
    format!("lib {} {}", kept.a, kept.b)
}
