//! [`Project`]: a folder in which processes are started. What `running` needs of it, and no more.

use std::path::{Path, PathBuf};

/// A workspace on disk.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// The workspace in this folder; the path is one without symbolic links.
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A file of the project.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }
}
