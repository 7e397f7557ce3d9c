pub fn power(number: i64) -> i64 {
    number * number
}
