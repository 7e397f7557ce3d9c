//! The derive, for a type called `Page`.

use proc_macro::TokenStream;

#[proc_macro_derive(Serialize)]
pub fn serialize(_: TokenStream) -> TokenStream {
    "impl ::serde::Serialize for Page { fn name(&self) -> &'static str { \"page\" } }"
        .parse()
        .unwrap_or_default()
}
