//! Which functions get a slot in the jump table.
//!
//! A function of `core`, `alloc`, `std` or any other crate outside of the workspace whose path and generic arguments name
//! nothing of the workspace is the same whatever is edited: its source does not change, and neither do the types and impls
//! that it can see. Such instances are most of the functions of a debug object, and skipping them is most of the speed.
//!
//! An instance of foreign code for a type of the workspace (`<Vec<app::Page>>::len`) *can* change: with an `impl Drop`, an overridden
//! method, an associated constant. Without optimisation it rarely does, because what it calls is called and not compiled into it; and most
//! calls of an unoptimised program are of such instances. (rhai 1.27, running a script: 5.7 of 160 million instructions were jumps
//! of thunks, 4.5 of them to such instances, and it took 1.11 to 1.14 of the time that it takes without thunks.) So they have
//! no slot if they are only called: when one changes, its callers are replaced with it, which have slots themselves or are
//! such instances (`session/users.rs`). Those whose address somebody takes, for a vtable or a pointer, have one.
//!
//! So have those that are made for a function or closure with a closure or coroutine in it
//! (`<app::wait as axum::Handler<…>>::call` of an `async fn wait`): of such a coroutine two versions may live side by side (`judge/cut/`), and
//! what only makes new ones is how old callers come to the new version.

use std::collections::HashSet;

use super::origin::source_crate;

/// Decides from a symbol's name whether its function gets a slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotPolicy {
    /// Names (`--crate-name`, with underscores) of the workspace's crates.
    pub workspace_crates: HashSet<String>,
    /// Whether instances of foreign code get slots also if they are only called: where something is optimised, since a closure's
    /// body is then compiled into the function that it is given to.
    pub all_instances: bool,
    /// Those of them that get one nevertheless, by their hashes. The linker shim knows them; to nobody else they matter.
    pub exceptions: HashSet<u64>,
}

/// Stands for a name where many have to be remembered. Two that meet cost a slot that is not needed.
pub(super) fn name_hash(name: &[u8]) -> u64 {
    let hash = blake3::hash(name);
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap_or_default())
}

impl SlotPolicy {
    /// A policy for these crates.
    pub fn new<S: Into<String>>(
        workspace_crates: impl IntoIterator<Item = S>,
        all_instances: bool,
    ) -> Self {
        Self {
            workspace_crates: workspace_crates.into_iter().map(Into::into).collect(),
            all_instances,
            exceptions: HashSet::new(),
        }
    }

    /// Whether the image's function of this name gets a slot.
    #[must_use]
    pub fn wants_slot(&self, symbol_name: &str) -> bool {
        self.can_change(symbol_name)
            && (self.all_instances
                || !self.is_foreign(symbol_name)
                || self.exceptions.contains(&name_hash(symbol_name.as_bytes())))
    }

    /// True for an instance of foreign code, for something of the workspace, that needs no slot if it is only called.
    #[must_use]
    pub fn is_spared(&self, symbol_name: &str) -> bool {
        !self.all_instances && self.is_foreign(symbol_name) && self.can_change(symbol_name)
    }

    /// True if the function's source is known to stand outside of the workspace, whatever types it was made for.
    #[must_use]
    pub fn is_foreign(&self, symbol_name: &str) -> bool {
        source_crate(symbol_name).is_some_and(|name| !self.is_of_workspace(name))
    }

    pub(super) fn is_of_workspace(&self, crate_name: &str) -> bool {
        self.workspace_crates.contains(crate_name) || crate_name == "__rustc"
    }

    /// True unless the name proves that no edit in the workspace can change the function.
    ///
    /// Only a v0 name can prove it: it spells out every crate that the path, the impl and the generic arguments go
    /// through. The *instantiating crate* at a v0 name's end does not count. Names of the old scheme and names that are not
    /// Rust's (`main`, `#[no_mangle]`) get a slot.
    ///
    /// The scan errs on the safe side: an identifier that happens to contain an encoded crate name counts as naming it.
    #[must_use]
    pub fn can_change(&self, symbol_name: &str) -> bool {
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
            if end < bytes.len() && self.is_of_workspace(name) {
                return true;
            }
        }
        // No crate of the workspace, if this is a v0 name at all and not one of C's that begins like one.
        rustc_demangle::try_demangle(symbol_name).is_err()
    }

    /// A stable text of everything that the decision depends on but [`Self::exceptions`], for cache keys.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut names: Vec<&str> = self.workspace_crates.iter().map(String::as_str).collect();
        names.sort_unstable();
        format!(
            "{}{}",
            names.join(","),
            if self.all_instances { "; all" } else { "" }
        )
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
        SlotPolicy::new(["myapp", "helper_lib", "a"], false)
    }

    #[test]
    fn what_names_nothing_of_the_workspace_cannot_change() {
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
            assert_eq!(policy().can_change(name), expected, "{name}");
        }
    }

    #[test]
    fn an_instance_of_foreign_code_has_a_slot_if_it_must_or_something_is_optimised() {
        let glue = "_RINvNtCs123_4core3ptr13drop_in_placeNtCs9_5myapp6ConfigEBL_";
        let mut policy = policy();
        assert!(policy.is_spared(glue) && !policy.wants_slot(glue));
        for own in [
            "_RNvCs6xxl1lAjzDf_1a4main",
            "_RNvXCs9_5myappmNtB2_5Trait1f",
            "_RNvCsdBezzDwma51_7___rustc12___rust_alloc",
            "main",
        ] {
            assert!(!policy.is_spared(own) && policy.wants_slot(own), "{own}");
        }
        policy.exceptions.insert(name_hash(glue.as_bytes()));
        assert!(policy.wants_slot(glue));
        policy.exceptions.clear();
        policy.all_instances = true;
        assert!(policy.wants_slot(glue) && !policy.is_spared(glue));
        // What cannot change needs none in either case.
        let string = "_RINvNtCs123_4core3ptr13drop_in_placeNtNtCs5_5alloc6string6StringECs9_5myapp";
        assert!(!policy.wants_slot(string) && !policy.is_spared(string));
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
            assert_eq!(policy.can_change(name), roots, "{name} is {demangled}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_name_is_decided(name in "_R[CsBN0-9a-z_.u]{0,40}") {
            let _ = (policy().wants_slot(&name), policy().is_spared(&name));
        }
    }
}
