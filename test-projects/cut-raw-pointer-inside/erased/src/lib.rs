/// A closure behind a raw pointer, and the function that knows its type.
pub struct Erased {
    data: *mut (),
    call: fn(*mut (), i64) -> String,
}

impl Erased {
    pub fn new<F: Fn(i64) -> String>(closure: F) -> Self {
        Self {
            data: Box::into_raw(Box::new(closure)).cast(),
            call: call::<F>,
        }
    }

    pub fn call(&self, number: i64) -> String {
        (self.call)(self.data, number)
    }
}

fn call<F: Fn(i64) -> String>(pointer: *mut (), number: i64) -> String {
    // SAFETY: `new` made it for this very type.
    unsafe { (*pointer.cast::<F>())(number) }
}
