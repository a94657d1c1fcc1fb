//! The data folder of an embedded installation: the database, the master key and a lock.

use std::fmt::Write as _;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use licensing::{Entropy, MasterKey};
use secrecy::zeroize::Zeroizing;

use crate::config::read_master_key;
use crate::fault::{Fault, Result};

/// A folder that exists.
#[derive(Clone, Debug)]
pub(crate) struct DataFolder(PathBuf);

/// Held by the one server that uses a data folder. The system frees it with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held open, never read")] File);

impl DataFolder {
    /// Opens the folder, after making it for its owner alone if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn make(path: &Path) -> Result<Self> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|error| cannot("make the data folder", path, &error))?;
        Ok(Self(path.to_owned()))
    }

    /// Opens a folder that holds a database.
    ///
    /// # Errors
    /// When there is none: a command with a mistyped folder must not leave an empty one behind.
    pub(crate) fn existing(path: &Path) -> Result<Self> {
        let folder = Self(path.to_owned());
        if folder.has_database() {
            return Ok(folder);
        }
        Err(Fault::failed(format_args!(
            "there is no Leasehold database in the data folder {}; leasehold migrate makes one",
            path.display()
        )))
    }

    /// The SQLite file.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("leasehold.db")
    }

    /// Whether the SQLite file is there.
    pub(crate) fn has_database(&self) -> bool {
        self.database().exists()
    }

    /// Whether others than its owner may look into it.
    pub(crate) fn is_open_to_others(&self) -> bool {
        self.0.metadata().is_ok_and(|folder| folder.mode() & 0o077 != 0)
    }

    /// Takes the folder for one server.
    ///
    /// # Errors
    /// When another server has it, or the lock file cannot be made.
    pub(crate) fn lock(&self) -> Result<Lock> {
        let path = self.0.join("leasehold.lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(|error| cannot("write to the data folder: cannot open", &path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => Err(Fault::failed(format_args!(
                "another leasehold server is using the data folder {}: stop it, or give this one another folder with --data",
                self.0.display()
            ))),
            Err(TryLockError::Error(error)) => Err(cannot("lock", &path, &error)),
        }
    }

    /// The master key of the folder, made if the folder is new.
    ///
    /// # Errors
    /// When it cannot be read or written, when others than its owner may read it, or when it is missing and a
    /// database is there that only the missing key opens.
    pub(crate) fn master_key(&self) -> Result<MasterKey> {
        let path = self.key_file();
        match path.metadata() {
            Ok(file) if file.mode() & 0o077 != 0 => Err(Fault::failed(format_args!(
                "others than its owner can read or change the master key {0}: run chmod 600 {0}",
                path.display()
            ))),
            Ok(_) => read_master_key(&path),
            Err(error) if error.kind() == ErrorKind::NotFound && !self.has_database() => {
                write_new_key(&path)?;
                // Also when another process was faster: its key is the one that counts.
                read_master_key(&path)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Fault::failed(format_args!(
                "the master key {} is missing, and without it the database next to it cannot be used: put the file back",
                path.display()
            ))),
            Err(error) => Err(cannot("read the master key", &path, &error)),
        }
    }

    fn key_file(&self) -> PathBuf {
        self.0.join("master.key")
    }
}

/// Writes a new master key in one step: there is never half a key, and never a key in place of another.
fn write_new_key(path: &Path) -> Result<()> {
    let bytes = Zeroizing::new(Entropy::System.bytes::<32>());
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in bytes.iter() {
        let _written = write!(text, "{byte:02x}");
    }
    text.push('\n');
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| match std::fs::hard_link(&draft, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        });
    let _removed = std::fs::remove_file(&draft);
    written.map_err(|error| cannot("write the master key", path, &error))?;
    let folder =
        path.parent().map_or(Ok(()), |folder| File::open(folder).and_then(|folder| folder.sync_all()));
    folder.map_err(|error| cannot("write the master key", path, &error))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Fault {
    Fault::failed(format_args!("cannot {what} {}: {}", path.display(), plain(error)))
}

/// The system's words for an error, without its number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.clone(), |(words, _)| words.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn folder() -> (tempfile::TempDir, DataFolder) {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::make(&parent.path().join("data")).unwrap();
        (parent, folder)
    }

    #[test]
    fn a_new_folder_and_its_key_are_the_owners_alone() {
        let (_parent, folder) = folder();
        assert!(!folder.is_open_to_others());
        folder.master_key().unwrap();
        let first = std::fs::read(folder.key_file()).unwrap();
        assert_eq!(folder.key_file().metadata().unwrap().mode() & 0o777, 0o600);
        folder.master_key().unwrap();
        assert_eq!(std::fs::read(folder.key_file()).unwrap(), first);
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let (_parent, folder) = folder();
        folder.master_key().unwrap();
        std::fs::set_permissions(folder.key_file(), std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(folder.master_key().unwrap_err().message.unwrap().contains("chmod 600"));
    }

    #[test]
    fn no_new_key_is_made_for_an_old_database() {
        let (_parent, folder) = folder();
        std::fs::write(folder.database(), "").unwrap();
        assert!(folder.master_key().unwrap_err().message.unwrap().contains("put the file back"));
        assert!(!folder.key_file().exists());
    }

    #[test]
    fn only_one_at_a_time_holds_the_lock() {
        let (_parent, folder) = folder();
        let lock = folder.lock().unwrap();
        assert!(folder.lock().unwrap_err().message.unwrap().contains("another leasehold server"));
        drop(lock);
        folder.lock().unwrap();
    }
}
