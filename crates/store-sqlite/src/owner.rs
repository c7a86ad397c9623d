//! One process owns a database file: a lock on a file beside it, which holds the owner's process id.
//!
//! The lock ends with the process, however that ends; the file stays and means nothing by itself.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use levada_base::codes;

use crate::errors::{Failure, Result};
use crate::network;

/// So many links are followed, as Linux does.
const LINKS_MAX: usize = 40;

/// Ownership of a database file. Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Owner {
    _locked: File,
}

impl Owner {
    /// Takes a database file, by its resolved path.
    ///
    /// # Errors
    /// `LV-T707` if somebody has it, or if it lies where nobody can tell; `LV-T703` if the lock cannot be written.
    pub(crate) fn take(database: &Path) -> Result<Self> {
        if let Some(kind) = network::kind_of(database) {
            let message =
                format!("\"{}\" is on a network file system ({kind}), where it may have other owners", database.display());
            return Err(Failure::new(codes::LV_T707, message, "take a file on a local disk, or use PostgreSQL"));
        }
        let path = lock_path(database);
        let io = |cause: std::io::Error| {
            let message = format!("store cannot write: \"{}\": {cause}", path.display());
            Failure::new(codes::LV_T703, message, "make the directory writable")
        };
        let mut file = open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(owned(database, &mut file)),
            Err(TryLockError::Error(cause)) => return Err(io(cause)),
        }
        file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(io)?;
        Ok(Self { _locked: file })
    }
}

/// The file that a path leads to, whether it is there yet or not: however it is called, it has one lock.
pub(crate) fn resolved(database: &Path) -> PathBuf {
    let mut path = database.to_path_buf();
    for _ in 0..LINKS_MAX {
        if let Ok(real) = path.canonicalize() {
            return real;
        }
        // A link to a file that is yet to be made.
        let Ok(target) = path.read_link() else { return beside_what_is_there(&path) };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    // Links in a circle: opening says so.
    path
}

/// The path of a file that is not there, by the real path of the nearest directory that is.
fn beside_what_is_there(file: &Path) -> PathBuf {
    let Ok(whole) = std::path::absolute(file) else { return file.to_path_buf() };
    let real = whole.ancestors().find_map(|above| Some((above.canonicalize().ok()?, whole.strip_prefix(above).ok()?)));
    real.map_or_else(|| file.to_path_buf(), |(real, rest)| real.join(rest))
}

/// The database's name with `.lock` behind it.
fn lock_path(database: &Path) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(".lock");
    name.into()
}

fn open(path: &Path) -> std::io::Result<File> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn owned(database: &Path, lock: &mut File) -> Failure {
    let mut said = String::new();
    let pid = lock.rewind().and_then(|()| lock.read_to_string(&mut said)).ok().and_then(|_| said.trim().parse::<u32>().ok());
    let by = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
    let message = format!("\"{}\" is owned by {by}", database.display());
    Failure::new(codes::LV_T707, message, "stop it, or use PostgreSQL")
}
