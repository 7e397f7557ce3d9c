//! What `cargo run` gives a program: where it lies, its variables, where the loader looks for its dynamic libraries.
//!
//! A session builds into directories of its own, so that the user's files stay. The program is to notice nothing of that:
//! its image is started from [`Surroundings::place`], in the directory where `cargo run` would have started it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use hotpatch_runtime::protocol::IMAGE_SUFFIX;

/// What a build says about how its program is run. Paths are absolute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Where `cargo run` would have the executable. The file there is the user's: the session neither writes nor runs it.
    pub executable: PathBuf,
    /// What cargo sets for the package, and what the package's own build script asked for, in the order in which they are
    /// set; a later one wins.
    pub variables: Vec<(OsString, OsString)>,
    /// Where the loader looks.
    pub libraries: LibraryDirectories,
}

/// Where `cargo run` lets the dynamic loader look, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LibraryDirectories {
    /// What build scripts named by `cargo::rustc-link-search`, as they wrote it. Only those inside of [`Self::output`]
    /// are used, as cargo does it: others are the system's business.
    pub search: Vec<String>,
    /// The profile's directory: `target/debug`, or `target/<triple>/debug`.
    pub output: PathBuf,
    /// Where the workspace's dynamic libraries are built: `target/debug/deps`.
    pub dependencies: PathBuf,
    /// Where rustc keeps the standard library of the target: `rustc --print target-libdir`.
    pub target_libdir: PathBuf,
}

/// What may stand in front of a directory of `cargo::rustc-link-search`.
const SEARCH_KINDS: [&str; 5] = ["native=", "crate=", "dependency=", "framework=", "all="];

impl Surroundings {
    /// Puts `image` where the program is started from: beside [`Self::executable`], so that whatever the program looks
    /// for beside `current_exe()` is found. The name differs by a suffix alone, and the file is a hard link.
    ///
    /// # Errors
    /// When it can be neither linked nor copied there.
    pub fn place(&self, image: &Path) -> Result<PathBuf> {
        let mut name = self.executable.file_name().unwrap_or_default().to_owned();
        name.push(IMAGE_SUFFIX);
        let place = self.executable.with_file_name(name);
        let identity = |path: &Path| {
            fs::metadata(path)
                .map(|found| (found.dev(), found.ino()))
                .ok()
        };
        let wanted = identity(image);
        if wanted.is_some() && identity(&place) == wanted {
            return Ok(place);
        }
        if let Some(directory) = place.parent() {
            fs::create_dir_all(directory)
                .with_context(|| format!("cannot create `{}`", directory.display()))?;
        }
        // Another session of this program may run the one that is there: it is replaced at one instant, never written into.
        let mut unfinished = place.clone().into_os_string();
        unfinished.push(format!("-{}", std::process::id()));
        let unfinished = PathBuf::from(unfinished);
        let _ = fs::remove_file(&unfinished);
        fs::hard_link(image, &unfinished)
            .or_else(|_| fs::copy(image, &unfinished).map(drop))
            .and_then(|()| fs::rename(&unfinished, &place))
            .with_context(|| format!("cannot put the image to `{}`", place.display()))?;
        Ok(place)
    }

    /// The program's own name for itself: the path that `cargo run` shows, seen from `directory`.
    #[must_use]
    pub fn argument_zero(&self, directory: &Path) -> OsString {
        let shown = self.executable.strip_prefix(directory);
        let shown = shown.unwrap_or(&self.executable);
        if shown.components().count() == 1 {
            return Path::new(".").join(shown).into_os_string();
        }
        shown.as_os_str().to_owned()
    }

    /// The variables of `cargo run` that are added to this process's own. `configured` is what cargo's `[env]` sets.
    ///
    /// # Errors
    /// When a directory's name has a `:` in it, so that it cannot stand in a library path.
    pub fn environment(
        &self,
        configured: &[(OsString, OsString)],
    ) -> Result<Vec<(OsString, OsString)>> {
        let before = std::env::var_os("LD_LIBRARY_PATH");
        let path = library_path(&self.libraries, before.as_deref())?;
        let mut variables = vec![("LD_LIBRARY_PATH".into(), path)];
        variables.extend(self.variables.iter().cloned());
        // What cargo sets for itself, and for the build script, not even `force` replaces.
        let is_new = |name: &OsString| variables.iter().all(|(other, _)| other != name);
        let new: Vec<_> = configured
            .iter()
            .filter(|(name, _)| is_new(name))
            .cloned()
            .collect();
        variables.extend(new);
        Ok(variables)
    }
}

fn library_path(directories: &LibraryDirectories, before: Option<&OsStr>) -> Result<OsString> {
    let mut search: Vec<&str> = directories.search.iter().map(String::as_str).collect();
    // Cargo sorts them as they were written.
    search.sort_unstable();
    search.dedup();
    let mut path: Vec<PathBuf> = search
        .iter()
        .map(|written| {
            let kind = SEARCH_KINDS.iter().find(|kind| written.starts_with(**kind));
            Path::new(&written[kind.map_or(0, |kind| kind.len())..])
        })
        .filter(|directory| directory.starts_with(&directories.output))
        .map(Path::to_path_buf)
        .collect();
    path.extend([
        directories.output.clone(),
        directories.dependencies.clone(),
        directories.target_libdir.clone(),
    ]);
    let before: Vec<PathBuf> = before
        .iter()
        .flat_map(|before| std::env::split_paths(before))
        .collect();
    if before.starts_with(&path) {
        path = before;
    } else {
        path.extend(before);
    }
    std::env::join_paths(&path).with_context(|| format!("cannot make a library path of {path:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directories() -> LibraryDirectories {
        LibraryDirectories {
            search: vec![
                "native=/t/debug/build/x/out".into(),
                "/usr/lib".into(),
                "/t/debug/build/y/out".into(),
            ],
            output: "/t/debug".into(),
            dependencies: "/t/debug/deps".into(),
            target_libdir: "/sysroot/lib".into(),
        }
    }

    #[test]
    fn the_library_path_is_cargos() {
        let directories = directories();
        let path = library_path(&directories, Some("/mine:/other".as_ref())).expect("joined");
        assert_eq!(
            path,
            "/t/debug/build/y/out:/t/debug/build/x/out:/t/debug:/t/debug/deps:/sysroot/lib:/mine:/other"
        );
        assert_eq!(
            library_path(&directories, Some(&path)).expect("joined"),
            path,
            "under another `cargo run` it is the same"
        );
        let colon = LibraryDirectories {
            output: "/a:b".into(),
            ..directories
        };
        assert!(format!("{:#}", library_path(&colon, None).expect_err("a colon")).contains("/a:b"));
    }

    #[test]
    fn what_the_script_sets_wins() {
        let surroundings = Surroundings {
            variables: vec![("A".into(), "script".into())],
            libraries: directories(),
            ..Surroundings::default()
        };
        let all = surroundings
            .environment(&[
                ("A".into(), "configuration".into()),
                ("B".into(), "b".into()),
            ])
            .expect("a path");
        let last = |name: &str| {
            let found = all.iter().rev().find(|(other, _)| other == name);
            found.and_then(|(_, value)| value.to_str())
        };
        assert_eq!((last("A"), last("B")), (Some("script"), Some("b")));
    }

    #[test]
    fn the_image_lies_beside_the_users_file_and_is_replaced_whole() {
        let room = tempfile::tempdir().expect("a temporary directory");
        let surroundings = Surroundings {
            executable: room.path().join("target/debug/app"),
            ..Surroundings::default()
        };
        let (one, two) = (room.path().join("one"), room.path().join("two"));
        fs::write(&one, "1").expect("written");
        fs::write(&two, "2").expect("written");
        for (image, content) in [(&one, "1"), (&one, "1"), (&two, "2")] {
            let place = surroundings.place(image).expect("placed");
            assert_eq!(place, room.path().join("target/debug/app.hotpatch"));
            assert_eq!(fs::read_to_string(&place).expect("read"), content);
        }
        let beside = fs::read_dir(room.path().join("target/debug")).expect("listed");
        assert_eq!(beside.count(), 1, "nothing else is left there");
        assert_eq!(surroundings.argument_zero(room.path()), "target/debug/app");
        assert_eq!(
            surroundings.argument_zero(&room.path().join("target/debug")),
            "./app"
        );
    }
}
