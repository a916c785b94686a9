//! A folder with a Secret in it, brought up to date as a kubelet does: a reader sees all of the old version or all of
//! the new one, never a mixture and never a gap.
//!
//! ```text
//! access_token -> ..data/access_token        what a program opens; made once
//! ..data       -> ..2                        replaced by a rename, which is atomic
//! ..2/access_token                           one folder for each version
//! ```

use std::{collections::BTreeMap, fs, io, os::unix::fs::symlink, path::PathBuf};

/// What a Secret holds, by key.
pub type Data = BTreeMap<String, Vec<u8>>;

/// The mounted folder.
#[derive(Debug)]
pub struct MountedSecret {
    folder: PathBuf,
    /// The number of the version in place; 0 before the first.
    version: u64,
    data: Data,
}

impl MountedSecret {
    /// Nothing is mounted yet; the folder is made.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self {
            folder,
            version: 0,
            data: Data::new(),
        })
    }

    /// Puts this in place, keys that are gone removed; `false` if it is what is in place already.
    ///
    /// # Errors
    /// When a file cannot be written; the old version then stays.
    pub fn sync(&mut self, data: Data) -> io::Result<bool> {
        if self.version > 0 && data == self.data {
            return Ok(false);
        }
        let next = self.version + 1;
        let versioned = format!("..{next}");
        fs::create_dir(self.folder.join(&versioned))?;
        for (key, value) in &data {
            fs::write(self.folder.join(&versioned).join(key), value)?;
        }
        symlink(&versioned, self.folder.join("..data_tmp"))?;
        fs::rename(self.folder.join("..data_tmp"), self.folder.join("..data"))?;
        for key in data.keys().filter(|key| !self.data.contains_key(*key)) {
            symlink(format!("..data/{key}"), self.folder.join(key))?;
        }
        for key in self.data.keys().filter(|key| !data.contains_key(*key)) {
            fs::remove_file(self.folder.join(key))?;
        }
        // The version before the last: whoever is just opening a file of the last one still finds it.
        if let Some(old) = self.version.checked_sub(1).filter(|old| *old > 0) {
            fs::remove_dir_all(self.folder.join(format!("..{old}")))?;
        }
        self.version = next;
        self.data = data;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Data, MountedSecret};

    fn data(pairs: &[(&str, &str)]) -> Data {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn a_reader_finds_the_newest_version_under_the_same_path_and_old_ones_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut mounted = MountedSecret::new(folder.path().join("token")).unwrap();
        let read = |key: &str| fs::read_to_string(folder.path().join("token").join(key)).ok();

        for number in 1..=5 {
            assert!(mounted.sync(data(&[("a", &number.to_string()), ("b", "b")])).unwrap());
            assert_eq!(read("a"), Some(number.to_string()));
        }
        assert!(!mounted.sync(data(&[("a", "5"), ("b", "b")])).unwrap());
        // a, b, ..data, and two versions.
        assert_eq!(fs::read_dir(folder.path().join("token")).unwrap().count(), 5);
        assert!(mounted.sync(data(&[("b", "b")])).unwrap());
        assert_eq!((read("a"), read("b")), (None, Some("b".to_owned())));
    }
}
