fn main() {
    println!("{}", one_of_two_bins::shared("main"));
}
