//! Which functions get a slot in the jump table.
//!
//! A function of `core`, `alloc`, `std` or any other crate outside of the workspace whose path and generic arguments name
//! nothing of the workspace is the same whatever is edited: its source does not change, and neither do the types and impls
//! that it can see. Such instances are most of the functions of a debug object, and skipping them is most of the speed.

use std::collections::HashSet;

/// Decides from a symbol's name whether its function gets a slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotPolicy {
    /// Names (`--crate-name`, with underscores) of the workspace's crates.
    pub workspace_crates: HashSet<String>,
}

impl SlotPolicy {
    /// A policy for these crates.
    pub fn new<S: Into<String>>(workspace_crates: impl IntoIterator<Item = S>) -> Self {
        Self {
            workspace_crates: workspace_crates.into_iter().map(Into::into).collect(),
        }
    }

    /// True unless the name proves that no edit in the workspace can change the function.
    ///
    /// Only a v0 name can prove it: it spells out every crate that the path, the impl and the generic arguments go
    /// through. The *instantiating crate* at a v0 name's end does not count. Names of the old scheme and names that are not
    /// Rust's (`main`, `#[no_mangle]`) get a slot.
    ///
    /// The scan errs on the safe side: an identifier that happens to contain an encoded crate name counts as naming it.
    #[must_use]
    pub fn wants_slot(&self, symbol_name: &str) -> bool {
        let Some(mangled) = symbol_name.strip_prefix("_R") else {
            return true;
        };
        // A suffix such as `.llvm.123` or `.cold` is not part of the name proper.
        let mangled = mangled.split_once('.').map_or(mangled, |(name, _)| name);
        let bytes = mangled.as_bytes();
        let mut position = 0;
        while let Some(found) = bytes[position..].iter().position(|&byte| byte == b'C') {
            position += found + 1;
            let Some((name, end)) = crate_root(mangled, position) else {
                continue;
            };
            // The instantiating crate is the only crate root that nothing follows.
            if end < bytes.len() && (self.workspace_crates.contains(name) || name == "__rustc") {
                return true;
            }
        }
        // No crate of the workspace, if this is a v0 name at all and not one of C's that begins like one.
        rustc_demangle::try_demangle(symbol_name).is_err()
    }

    /// A stable text of everything that the decision depends on, for cache keys.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut names: Vec<&str> = self.workspace_crates.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.join(",")
    }
}

/// Reads `[s<base 62>_] [u] <decimal length> [_] <bytes>`, which follows the `C` of a crate root in a v0 name, at
/// `position`. Returns the crate's name and the position behind it; `None` when this is not a crate root.
fn crate_root(mangled: &str, mut position: usize) -> Option<(&str, usize)> {
    let bytes = mangled.as_bytes();
    if bytes.get(position) == Some(&b's') {
        position += 1;
        while bytes.get(position)?.is_ascii_alphanumeric() {
            position += 1;
        }
        if bytes[position] != b'_' {
            return None;
        }
        position += 1;
    }
    let digits = bytes
        .get(position..)?
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let length: usize = mangled.get(position..position + digits)?.parse().ok()?;
    position += digits;
    if bytes.get(position) == Some(&b'_') {
        position += 1;
    }
    let end = position.checked_add(length)?;
    Some((mangled.get(position..end)?, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> SlotPolicy {
        SlotPolicy::new(["myapp", "helper_lib", "a"])
    }

    #[test]
    fn instances_of_the_standard_library_have_no_slot_unless_they_name_the_workspace() {
        for (name, expected) in [
            // core::ptr::drop_in_place::<alloc::string::String>, instantiated by myapp
            (
                "_RINvNtCs123_4core3ptr13drop_in_placeNtNtCs5_5alloc6string6StringECs9_5myapp",
                false,
            ),
            // core::ptr::drop_in_place::<myapp::Config>
            (
                "_RINvNtCs123_4core3ptr13drop_in_placeNtCs9_5myapp6ConfigEBL_",
                true,
            ),
            (
                "_RNCINvNtCsjrHSEGnQ3l9_3std2rt10lang_startuE0Cs6xxl1lAjzDf_1a",
                false,
            ),
            (
                "_RNvXs8_NtCslNYArtu3iFV_5alloc5boxedINtB5_3BoxDNtCs6xxl1lAjzDf_1a1TEL_ENtNtNtCsgEmfK2I1SDS_4core3ops4drop4Drop4dropBK_",
                true,
            ),
            ("_RNvCs6xxl1lAjzDf_1a4main", true),
            ("_RNvCs6xxl1lAjzDf_1a4main.llvm.8123", true),
            (
                "_RNvMNtCs1_5alloc5allocNtB2_6Global18alloc_impl_runtimeCs6xxl1lAjzDf_1a.cold",
                false,
            ),
            // another crate's generic with another crate's type
            ("_RINvCs4_5serde2deNtCs7_5bytes5BytesECs9_5myapp", false),
            // a closure of the workspace as argument
            (
                "_RINvNtNtCs1_4core6option6Option3mapuNCNvCs9_10helper_lib3run0EB1_",
                true,
            ),
            // a trait of the workspace for a foreign type
            ("_RNvXCs9_5myappmNtB2_5Trait1f", true),
            // the allocator's entry points stand for the workspace's #[global_allocator]
            ("_RNvCsdBezzDwma51_7___rustc12___rust_alloc", true),
            ("main", true),
            ("_ZN4core3ptr13drop_in_place17h0123456789abcdefE", true),
            ("_R", true),
            ("_Reader_close", true),
            ("_RCs", true),
            ("_RC99999999999999999999999x", true),
            ("_RC5m\u{e9}", true),
        ] {
            assert_eq!(policy().wants_slot(name), expected, "{name}");
        }
    }

    #[test]
    fn the_scan_agrees_with_the_demangler_on_which_crates_are_named() {
        let policy = policy();
        for name in [
            "_RINvNtCs123_4core3ptr13drop_in_placeNtCs9_5myapp6ConfigEB4_",
            "_RNvCs6xxl1lAjzDf_1a4main",
            "_RNCINvNtCsjrHSEGnQ3l9_3std2rt10lang_startuE0Cs6xxl1lAjzDf_1a",
            "_RNvYFEuINtNtNtCsgEmfK2I1SDS_4core3ops8function6FnOnceuE9call_onceCs6xxl1lAjzDf_1a",
            "_RNvXs8_NtCslNYArtu3iFV_5alloc5boxedINtB5_3BoxDNtCs6xxl1lAjzDf_1a1TEL_ENtNtNtCsgEmfK2I1SDS_4core3ops4drop4Drop4dropBK_",
        ] {
            let demangled = format!("{:#}", rustc_demangle::demangle(name));
            let roots = demangled
                .match_indices("::")
                .filter_map(|(at, _)| {
                    demangled[..at]
                        .rsplit(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
                        .next()
                })
                .any(|root| policy.workspace_crates.contains(root));
            assert_eq!(policy.wants_slot(name), roots, "{name} is {demangled}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_name_is_decided(name in "_R[CsBN0-9a-z_.u]{0,40}") {
            let _ = policy().wants_slot(&name);
        }
    }
}
