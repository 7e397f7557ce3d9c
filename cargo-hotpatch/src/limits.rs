//! Limits that a session meets only after hundreds of patches, brought near.
//!
//! So that trials can see what follows, builds with debug assertions read them from the environment of the tool. Others
//! have the limits that they have.

/// How many windows of the arena are there for patches.
pub const WINDOWS: &str = "CARGO_HOTPATCH_TRIAL_WINDOWS";
/// How many spare slots an image has.
pub const SPARE_SLOTS: &str = "CARGO_HOTPATCH_TRIAL_SPARE_SLOTS";

/// `real`, or less if this is a build for trials and the environment says so under `name`.
#[must_use]
pub fn limit(name: &str, real: usize) -> usize {
    if !cfg!(debug_assertions) {
        return real;
    }
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .map_or(real, |less: usize| less.min(real))
}
