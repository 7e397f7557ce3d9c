pub fn even(number: u32, out: &mut String, odd: fn(u32, &mut String)) {
    if number == 0 {
        out.push('.');
        return;
    }
    out.push_str("E");
    odd(number - 1, out);
}
