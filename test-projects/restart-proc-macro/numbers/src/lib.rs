use proc_macro::TokenStream;

#[proc_macro]
pub fn favourite(_input: TokenStream) -> TokenStream {
    "42".parse().unwrap()
}
