//! A disk between SQLite and the machine's files: it fails at a chosen call, and writes down what was written and synced.
//!
//! It stands in for the default file system of the whole process, and looks only at files below a watched directory. The shared memory of the
//! log and locks go to the machine's files as they are.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, OnceLock, PoisonError};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_io_methods, sqlite3_vfs};

/// What was done to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    Write { file: PathBuf, at: usize, bytes: Vec<u8> },
    Truncate { file: PathBuf, length: usize },
    Sync { file: PathBuf },
    Delete { file: PathBuf },
}

#[derive(Debug, Default)]
struct State {
    watched: Option<PathBuf>,
    /// Calls until the one that fails; 0: none does.
    left: u64,
    /// From that call on all of them fail.
    for_good: bool,
    struck: u64,
    acts: Vec<Act>,
}

static STATE: Mutex<State> = Mutex::new(State { watched: None, left: 0, for_good: false, struck: 0, acts: Vec::new() });
static USED: Mutex<()> = Mutex::new(());

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The disk of one test at a time.
pub struct Disk {
    _alone: MutexGuard<'static, ()>,
}

impl Disk {
    /// Watches a directory from now on.
    pub fn watch(directory: &Path) -> Self {
        let alone = USED.lock().unwrap_or_else(PoisonError::into_inner);
        install();
        *state() = State { watched: Some(directory.to_owned()), ..State::default() };
        Self { _alone: alone }
    }

    /// The n-th call from now fails, from 1: a read, a write, a sync or a truncation.
    pub fn fail_at(&self, n: u64) {
        let mut state = state();
        (state.left, state.for_good, state.struck) = (n, false, 0);
    }

    /// The same, and all calls after it.
    pub fn fail_from(&self, n: u64) {
        self.fail_at(n);
        state().for_good = true;
    }

    /// Nothing fails any longer; how many calls did.
    pub fn heal(&self) -> u64 {
        let mut state = state();
        (state.left, state.for_good) = (0, false);
        state.struck
    }

    /// What was done so far.
    pub fn acts(&self) -> Vec<Act> {
        state().acts.clone()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        *state() = State::default();
    }
}

/// Counts a call; true if it is to fail.
fn strikes() -> bool {
    let mut state = state();
    if state.left == 0 {
        return false;
    }
    let fails = state.left == 1;
    if !fails || !state.for_good {
        state.left -= 1;
    }
    state.struck += u64::from(fails);
    fails
}

/// The machine's own, which is never unregistered.
struct Machine(*mut sqlite3_vfs);
// SAFETY: SQLite's file systems may be used from any thread.
unsafe impl Send for Machine {}
// SAFETY: as above.
unsafe impl Sync for Machine {}

static MACHINE: OnceLock<Machine> = OnceLock::new();

fn machine() -> *mut sqlite3_vfs {
    MACHINE.get().expect("installed before it is used").0
}

/// A file of ours, followed in memory by the machine's.
#[repr(C)]
struct File {
    base: sqlite3_file,
    /// None: not watched.
    path: *mut PathBuf,
}

const OWN_BYTES: usize = size_of::<File>();

/// The machine's file behind ours, and its methods.
unsafe fn behind(file: *mut sqlite3_file) -> (*mut sqlite3_file, &'static sqlite3_io_methods) {
    // SAFETY: `open` has put it there, and its methods live as long as the process.
    unsafe {
        let real = file.cast::<u8>().add(OWN_BYTES).cast::<sqlite3_file>();
        (real, &*(*real).pMethods)
    }
}

unsafe fn path<'a>(file: *mut sqlite3_file) -> Option<&'a PathBuf> {
    // SAFETY: the file is ours, and its path lives until it is closed.
    unsafe { (*file.cast::<File>()).path.as_ref() }
}

fn install() {
    static ONCE: Once = Once::new();
    // SAFETY: what is registered lives for ever; a copy of the machine's file system differs in what is set here.
    ONCE.call_once(|| unsafe {
        let real = ffi::sqlite3_vfs_find(std::ptr::null());
        assert!(!real.is_null(), "the machine has a file system");
        MACHINE.get_or_init(|| Machine(real));
        let mut own = *real;
        own.zName = c"disk".as_ptr();
        own.pNext = std::ptr::null_mut();
        own.szOsFile += c_int::try_from(OWN_BYTES).expect("a small number");
        own.xOpen = Some(open);
        own.xDelete = Some(delete);
        assert_eq!(ffi::sqlite3_vfs_register(Box::into_raw(Box::new(own)), 1), ffi::SQLITE_OK);
    });
}

unsafe fn watched(name: *const c_char) -> Option<PathBuf> {
    if name.is_null() {
        return None;
    }
    // SAFETY: SQLite's names end with a zero.
    let name = PathBuf::from(unsafe { CStr::from_ptr(name) }.to_str().ok()?);
    state().watched.as_ref().is_some_and(|directory| name.starts_with(directory)).then_some(name)
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives as much memory as was asked for by `szOsFile`.
    unsafe {
        let real = file.cast::<u8>().add(OWN_BYTES).cast::<sqlite3_file>();
        (*real).pMethods = std::ptr::null();
        let opened = (*machine()).xOpen.expect("a method")(machine(), name, real, flags, out);
        let is_open = opened == ffi::SQLITE_OK;
        (*file).pMethods = if is_open { &METHODS } else { std::ptr::null() };
        let path = watched(name).filter(|_| is_open).map_or(std::ptr::null_mut(), |path| Box::into_raw(Box::new(path)));
        (&raw mut (*file.cast::<File>()).path).write(path);
        opened
    }
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let deleted = (*machine()).xDelete.expect("a method")(machine(), name, sync);
        if deleted == ffi::SQLITE_OK
            && let Some(file) = watched(name)
        {
            state().acts.push(Act::Delete { file });
        }
        deleted
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: it was opened, and is not used any longer.
    unsafe {
        let (real, methods) = behind(file);
        let path = (*file.cast::<File>()).path;
        if !path.is_null() {
            drop(Box::from_raw(path));
        }
        methods.xClose.expect("a method")(real)
    }
}

unsafe extern "C" fn read(file: *mut sqlite3_file, into: *mut c_void, length: c_int, at: i64) -> c_int {
    // SAFETY: as SQLite calls it; likewise below.
    unsafe {
        if path(file).is_some() && strikes() {
            return ffi::SQLITE_IOERR_READ;
        }
        let (real, methods) = behind(file);
        methods.xRead.expect("a method")(real, into, length, at)
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, from: *const c_void, length: c_int, at: i64) -> c_int {
    unsafe {
        let path = path(file);
        if path.is_some() && strikes() {
            return ffi::SQLITE_IOERR_WRITE;
        }
        let (real, methods) = behind(file);
        let written = methods.xWrite.expect("a method")(real, from, length, at);
        if let Some(path) = path.filter(|_| written == ffi::SQLITE_OK) {
            let bytes = std::slice::from_raw_parts(from.cast::<u8>(), usize::try_from(length).unwrap_or(0)).to_vec();
            state().acts.push(Act::Write { file: path.clone(), at: usize::try_from(at).unwrap_or(0), bytes });
        }
        written
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, length: i64) -> c_int {
    unsafe {
        let path = path(file);
        if path.is_some() && strikes() {
            return ffi::SQLITE_IOERR_TRUNCATE;
        }
        let (real, methods) = behind(file);
        let done = methods.xTruncate.expect("a method")(real, length);
        if let Some(path) = path.filter(|_| done == ffi::SQLITE_OK) {
            state().acts.push(Act::Truncate { file: path.clone(), length: usize::try_from(length).unwrap_or(0) });
        }
        done
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    unsafe {
        let path = path(file);
        if path.is_some() && strikes() {
            return ffi::SQLITE_IOERR_FSYNC;
        }
        let (real, methods) = behind(file);
        let done = methods.xSync.expect("a method")(real, flags);
        if let Some(path) = path.filter(|_| done == ffi::SQLITE_OK) {
            state().acts.push(Act::Sync { file: path.clone() });
        }
        done
    }
}

/// Methods that only hand on.
macro_rules! handed_on {
    ($($name:ident = $method:ident ($($value:ident: $Type:ty),*) -> $Back:ty;)*) => {
        $(unsafe extern "C" fn $name(file: *mut sqlite3_file, $($value: $Type),*) -> $Back {
            unsafe {
                let (real, methods) = behind(file);
                methods.$method.expect("a method")(real, $($value),*)
            }
        })*
    };
}

handed_on! {
    file_size = xFileSize(size: *mut i64) -> c_int;
    lock = xLock(level: c_int) -> c_int;
    unlock = xUnlock(level: c_int) -> c_int;
    check_reserved_lock = xCheckReservedLock(out: *mut c_int) -> c_int;
    file_control = xFileControl(code: c_int, argument: *mut c_void) -> c_int;
    sector_size = xSectorSize() -> c_int;
    device_characteristics = xDeviceCharacteristics() -> c_int;
    shm_map = xShmMap(page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void) -> c_int;
    shm_lock = xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int;
    shm_barrier = xShmBarrier() -> ();
    shm_unmap = xShmUnmap(delete: c_int) -> c_int;
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
