//! How the tool learns what cargo does: the wrapper's role, the recorded units, the build.

pub mod cargo;
pub mod record;
pub mod wrapper;
