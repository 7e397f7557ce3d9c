fn main() {
    println!("{}", shared::name("one"));
}
