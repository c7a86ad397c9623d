//! Files: the local file system, or a map in memory.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A file open for reading.
pub trait ReadFile: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadFile for T {}

/// A file open for writing. `sync` returns when the bytes would survive a loss of power.
pub trait WriteFile: Write + Send {
    /// Makes what was written durable.
    ///
    /// # Errors
    /// What the file system says.
    fn sync(&mut self) -> io::Result<()>;
}

/// The part of a file system that Levada uses. Errors are the file system's own; the caller adds what it was doing.
pub trait Files: Send + Sync {
    /// Opens an existing file.
    ///
    /// # Errors
    /// What the file system says; likewise for the other calls.
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>>;
    /// Length in bytes of an existing file.
    ///
    /// # Errors
    /// See [`Files::open`].
    fn length(&self, path: &Path) -> io::Result<u64>;
    /// Creates or empties a file; missing directories are made.
    ///
    /// # Errors
    /// See [`Files::open`].
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>>;
    /// Moves a file over another in one step.
    ///
    /// # Errors
    /// See [`Files::open`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// See [`Files::open`].
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The files directly in a directory, sorted by name.
    ///
    /// # Errors
    /// See [`Files::open`].
    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>>;
    /// Whether `path` is a directory.
    fn is_directory(&self, path: &Path) -> bool;
    /// Whether `path` is there and is neither a file nor a directory: a device, a pipe, a socket. Renaming over it would replace it.
    fn is_device(&self, path: &Path) -> bool;
}

/// The machine's file system.
#[derive(Debug, Clone, Copy)]
pub struct LocalFiles;

#[allow(clippy::disallowed_methods, reason = "this is the one place that opens the machine's files")]
impl Files for LocalFiles {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(fs::File::open(path)?))
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        Ok(fs::metadata(path)?.len())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        Ok(Box::new(fs::File::create(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            // Follows links: a linked file is one of the directory's.
            if path.is_file() {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn is_directory(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn is_device(&self, path: &Path) -> bool {
        path.exists() && !path.is_file() && !path.is_dir()
    }
}

impl WriteFile for fs::File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

type Contents = Arc<Mutex<BTreeMap<PathBuf, Arc<Vec<u8>>>>>;

/// Files in memory; clones share them. What was written is there as soon as it was written.
#[derive(Clone, Default)]
pub struct MemoryFiles(Contents);

impl MemoryFiles {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Arc<Vec<u8>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, path: &Path) -> io::Result<Arc<Vec<u8>>> {
        self.lock().get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

impl Files for MemoryFiles {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(Cursor::new(Shared(self.get(path)?))))
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        Ok(self.get(path)?.len() as u64)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        self.lock().insert(path.to_owned(), Arc::default());
        Ok(Box::new(MemoryWriter { files: self.clone(), path: path.to_owned() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.lock();
        let contents = files.remove(from).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        files.insert(to.to_owned(), contents);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.lock().remove(path).map(drop).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(self.lock().keys().filter(|path| path.parent() == Some(directory)).cloned().collect())
    }

    fn is_directory(&self, path: &Path) -> bool {
        self.lock().keys().any(|file| file.parent() == Some(path))
    }

    fn is_device(&self, _path: &Path) -> bool {
        false
    }
}

struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

struct MemoryWriter {
    files: MemoryFiles,
    path: PathBuf,
}

impl Write for MemoryWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut files = self.files.lock();
        let contents = files.entry(self.path.clone()).or_default();
        Arc::make_mut(contents).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl WriteFile for MemoryWriter {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_device_is_no_file_to_write_over() {
        assert!(LocalFiles.is_device(Path::new("/dev/null")));
        assert!(!LocalFiles.is_device(Path::new("/dev")), "a directory");
        assert!(!LocalFiles.is_device(Path::new("Cargo.toml")), "a file");
        assert!(!LocalFiles.is_device(Path::new("/no/such/file")), "nothing");
    }
}
