use crate::data::{Large, Small};

pub type Data = Small;
#[allow(dead_code)]
pub type Other = Large;

pub fn create() -> usize {
    Box::into_raw(Box::new(Small { count: 0 })).addr()
}
