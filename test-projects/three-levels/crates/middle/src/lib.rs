pub fn middle(number: u32) -> String {
    ["middle(", &base::base(number), ")"].concat()
}
