//! What `cargo run` adds to a program's environment.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use cargo_metadata::Package;

/// Where `cargo run` lets the dynamic loader look, in its order.
#[derive(Debug, Clone, Default)]
pub struct LibraryDirectories {
    /// What build scripts named by `cargo::rustc-link-search`, without a `native=` in front. Only those inside of
    /// [`Self::output`] are used, as cargo does it: others are the system's business.
    pub native: Vec<PathBuf>,
    /// The profile's directory: `target/debug`, or `target/<triple>/debug`.
    pub output: PathBuf,
    /// Where rustc keeps the standard library of the target: `rustc --print target-libdir`.
    pub target_libdir: PathBuf,
}

/// The variables of `cargo run` for a program of `package`: the library path, and the `CARGO_…` that describe it.
/// What the package's own build script sets (`cargo::rustc-env`, `OUT_DIR`) goes in `build_script`.
///
/// # Errors
/// When a directory's name has a `:` in it, so that it cannot stand in a library path.
pub fn of_cargo_run(
    package: &Package,
    directories: &LibraryDirectories,
    build_script: &[(OsString, OsString)],
) -> Result<Vec<(OsString, OsString)>> {
    let before = std::env::var_os("LD_LIBRARY_PATH");
    let mut variables = vec![(
        "LD_LIBRARY_PATH".into(),
        library_path(directories, before.as_deref())?,
    )];
    let version = &package.version;
    let manifest = package.manifest_path.as_std_path();
    let mut set = |name: &str, value: &OsStr| variables.push((name.into(), value.to_owned()));
    set(
        "CARGO_MANIFEST_DIR",
        manifest.parent().unwrap_or(Path::new("/")).as_os_str(),
    );
    set("CARGO_MANIFEST_PATH", manifest.as_os_str());
    set("CARGO_PKG_NAME", package.name.as_ref().as_ref());
    set("CARGO_PKG_VERSION", version.to_string().as_ref());
    set(
        "CARGO_PKG_VERSION_MAJOR",
        version.major.to_string().as_ref(),
    );
    set(
        "CARGO_PKG_VERSION_MINOR",
        version.minor.to_string().as_ref(),
    );
    set(
        "CARGO_PKG_VERSION_PATCH",
        version.patch.to_string().as_ref(),
    );
    set("CARGO_PKG_VERSION_PRE", version.pre.as_str().as_ref());
    set("CARGO_PKG_AUTHORS", package.authors.join(":").as_ref());
    set(
        "CARGO_PKG_DESCRIPTION",
        package.description.as_deref().unwrap_or_default().as_ref(),
    );
    set(
        "CARGO_PKG_HOMEPAGE",
        package.homepage.as_deref().unwrap_or_default().as_ref(),
    );
    set(
        "CARGO_PKG_REPOSITORY",
        package.repository.as_deref().unwrap_or_default().as_ref(),
    );
    set(
        "CARGO_PKG_LICENSE",
        package.license.as_deref().unwrap_or_default().as_ref(),
    );
    set(
        "CARGO_PKG_LICENSE_FILE",
        package
            .license_file
            .as_ref()
            .map_or("", |file| file.as_str())
            .as_ref(),
    );
    set(
        "CARGO_PKG_README",
        package
            .readme
            .as_ref()
            .map_or("", |file| file.as_str())
            .as_ref(),
    );
    let rust_version = package
        .rust_version
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    set("CARGO_PKG_RUST_VERSION", rust_version.as_ref());
    variables.extend(build_script.iter().cloned());
    Ok(variables)
}

fn library_path(directories: &LibraryDirectories, before: Option<&OsStr>) -> Result<OsString> {
    let mut path: Vec<PathBuf> = directories
        .native
        .iter()
        .filter(|native| native.starts_with(&directories.output))
        .cloned()
        .collect();
    path.push(directories.output.join("deps"));
    path.push(directories.output.clone());
    path.push(directories.target_libdir.clone());
    path.extend(
        before
            .iter()
            .flat_map(|before| std::env::split_paths(before)),
    );
    std::env::join_paths(&path).with_context(|| format!("cannot make a library path of {path:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_path_is_cargos() {
        let directories = LibraryDirectories {
            native: vec!["/t/debug/build/x/out".into(), "/usr/lib".into()],
            output: "/t/debug".into(),
            target_libdir: "/sysroot/lib".into(),
        };
        let path =
            library_path(&directories, Some("/mine:/other".as_ref())).expect("it can be joined");
        assert_eq!(
            path,
            "/t/debug/build/x/out:/t/debug/deps:/t/debug:/sysroot/lib:/mine:/other"
        );
        let colon = LibraryDirectories {
            output: "/a:b".into(),
            ..directories
        };
        assert!(format!("{:#}", library_path(&colon, None).expect_err("a colon")).contains("/a:b"));
    }
}
