pub fn keep<F>(closure: F) -> *mut () {
    Box::into_raw(Box::new(closure)).cast()
}

/// Takes a pointer for one to a closure of the same type as `_like`.
pub fn call<F: Fn(i64) -> String>(_like: &F, pointer: *mut (), number: i64) -> String {
    // SAFETY: whoever calls this says so.
    unsafe { (*pointer.cast::<F>())(number) }
}
