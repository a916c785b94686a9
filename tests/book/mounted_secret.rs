//! A Secret as a kubelet mounts it: the file is a link through a link, and a new version replaces the inner one in one step.

use std::{
    fs,
    os::unix::fs::symlink,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use tempfile::TempDir;

/// The folder of the mount. Dropping it removes it.
pub struct MountedSecret {
    folder: TempDir,
    /// How many versions there were.
    versions: Mutex<u32>,
}

impl MountedSecret {
    /// As an `optional` one is mounted before there is a Secret: without a file.
    pub fn without_token() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            versions: Mutex::new(0),
        }
    }

    /// Where a program finds the token.
    pub fn token_file(&self) -> PathBuf {
        self.folder.path().join("access_token")
    }

    /// As `AtomicWriter` of Kubernetes does it: a folder for the version, a link beside the one in use, and a rename over it.
    pub fn update(&self, token: &str) {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        *versions += 1;
        let name = |version: u32| format!("..version_{version}");
        let root = self.folder.path();
        let version = root.join(name(*versions));
        fs::create_dir(&version).unwrap();
        fs::write(version.join("access_token"), token).unwrap();
        symlink(name(*versions), root.join("..data_tmp")).unwrap();
        fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
        if *versions == 1 {
            symlink("..data/access_token", self.token_file()).unwrap();
        } else {
            fs::remove_dir_all(root.join(name(*versions - 1))).unwrap();
        }
    }
}
