//! Which files a path means.

use std::io;
use std::path::{Path, PathBuf};

use levada_base::{Error, Files, Result, codes, nearest};
use levada_connect::Format;

/// The files that `path` means, in the order of their names; at least one.
///
/// A directory means the files in it whose ending is one of the format's; names that begin with a dot are passed over, as they are for
/// a pattern that does not begin with one.
///
/// # Errors
/// `LV-C010` if there are none.
pub(super) fn resolve(path: &str, format: &dyn Format, files: &dyn Files) -> Result<Vec<PathBuf>> {
    let path = Path::new(path);
    let pattern = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if pattern.contains('*') {
        let directory = path.parent().unwrap_or(Path::new(""));
        let hidden = pattern.starts_with('.');
        let found = matching(files, directory, |name| fits(name, pattern) && (hidden || !name.starts_with('.')))?;
        return at_least_one(found, path, &format!("no file in it fits '{pattern}'"));
    }
    if files.is_directory(path) {
        let endings = format.extensions();
        let fits = |name: &str| !name.starts_with('.') && endings.iter().any(|ending| has_ending(name, ending));
        let found = matching(files, path, fits)?;
        return at_least_one(found, path, &format!("no file in it ends in .{}", endings.join(" or .")));
    }
    match files.length(path) {
        Ok(_) => Ok(vec![path.to_owned()]),
        Err(cause) => Err(unreachable(path, cause, files)),
    }
}

/// The error for a file that can't be opened: with names near it, if it is not there.
pub(super) fn unreachable(path: &Path, cause: io::Error, files: &dyn Files) -> Error {
    let shown = path.display();
    if cause.kind() != io::ErrorKind::NotFound {
        return Error::new(codes::LV_C010, format!("\"{shown}\" can't be opened"))
            .with_reason(cause.to_string())
            .caused_by(cause);
    }
    let error = Error::new(codes::LV_C010, format!("there is no file \"{shown}\""));
    let siblings = list(files, path.parent().unwrap_or(Path::new(""))).unwrap_or_default();
    let names: Vec<&str> = siblings.iter().filter_map(|sibling| sibling.file_name()?.to_str()).collect();
    let typed = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match nearest(typed, names.iter().copied()) {
        Some(near) => error.with_hint(format!("did you mean '{}'?", path.with_file_name(near).display())),
        None => error.with_hint("check the path; a relative one starts where the program was started"),
    }
}

/// The files of a directory; no path at all is the present one.
fn list(files: &dyn Files, directory: &Path) -> io::Result<Vec<PathBuf>> {
    match files.list(directory) {
        Err(_) if directory.as_os_str().is_empty() => files.list(Path::new(".")),
        listed => listed,
    }
}

fn matching(files: &dyn Files, directory: &Path, fits: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let listed = list(files, directory).map_err(|cause| {
        let message = format!("the directory \"{}\" can't be read", directory.display());
        Error::new(codes::LV_C010, message).with_reason(cause.to_string()).caused_by(cause)
    })?;
    let mut found: Vec<_> =
        listed.into_iter().filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(&fits)).collect();
    found.sort();
    Ok(found)
}

fn at_least_one(found: Vec<PathBuf>, path: &Path, reason: &str) -> Result<Vec<PathBuf>> {
    if found.is_empty() {
        return Err(Error::new(codes::LV_C010, format!("\"{}\" has nothing to read", path.display())).with_reason(reason));
    }
    Ok(found)
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().and_then(|found| found.to_str()).is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// Whether `name` is `pattern` with any text for each `*`. Leftmost matches suffice: a star takes as little as it can and the last part
/// must stand at the end.
fn fits(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        for (name, pattern, expected) in [
            ("bids.csv", "*", true),
            ("bids.csv", "*.csv", true),
            ("bids.csv", "b*.csv", true),
            ("bids.csv", "b*s*v", true),
            ("bids.csv", "*.json", false),
            ("bids.csv", "ids*", false),
            ("aba", "ab*ba", false),
            ("abba", "ab*ba", true),
            ("bids.csv", "bids.csv", true),
            ("bids.csv.gz", "bids.csv", false),
            ("a.b.c", "*.*.*", true),
            ("a.b", "*.*.*", false),
        ] {
            assert_eq!(fits(name, pattern), expected, "{name} and {pattern}");
        }
    }
}
