//! Whether a file lies on a file system that other machines write to as well. There neither the lock of the owner nor the shared memory of
//! SQLite's log is to be relied on.
//!
//! Linux tells the kind of each mount. Elsewhere, and of kinds that are not listed, nothing is known and nothing is refused: this keeps
//! from a mistake, it proves nothing.

use std::fs::OpenOptions;
use std::io::Read;
use std::path::{Path, PathBuf};

const MOUNTS: &str = "/proc/self/mountinfo";

/// Kinds as Linux names them, those of FUSE without what goes before their own name.
const KINDS: [&str; 20] = [
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "davfs",
    "gfs2",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "orangefs",
    "pvfs2",
    "rclone",
    "s3fs",
    "smb3",
    "smbfs",
    "sshfs",
];

/// The kind of the network file system that a file is on, or would be; none if it is on none, or if that is not known.
pub(crate) fn kind_of(file: &Path) -> Option<String> {
    let mut mounts = String::new();
    OpenOptions::new().read(true).open(MOUNTS).ok()?.read_to_string(&mut mounts).ok()?;
    let whole = std::path::absolute(file).ok()?;
    // The file may not be there yet, nor its directory.
    let real = whole.ancestors().find_map(|path| path.canonicalize().ok())?;
    kind_at(&mounts, &real)
}

fn kind_at(mounts: &str, path: &Path) -> Option<String> {
    let above = mounts.lines().filter_map(mount).filter(|(point, _)| path.starts_with(point));
    // The last of equals: a later mount lies over an earlier one.
    let (_, kind) = above.max_by_key(|(point, _)| point.components().count())?;
    KINDS.contains(&kind.strip_prefix("fuse.").unwrap_or(kind)).then(|| kind.to_owned())
}

/// Where a mount is and its kind: the fifth field, and the first after a dash that stands alone.
fn mount(line: &str) -> Option<(PathBuf, &str)> {
    let mut fields = line.split(' ');
    let point = fields.nth(4)?;
    let kind = fields.skip_while(|field| *field != "-").nth(1)?;
    Some((PathBuf::from(unescaped(point)), kind))
}

/// Blanks and the like are written as a backslash and three octal digits.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => {
                plain.push(char::from(code));
                plain.push_str(&part[3..]);
            }
            None => plain.push_str(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
        30 27 0:40 / /mnt/team rw,relatime shared:5 - nfs4 server:/team rw,vers=4.2\n\
        31 30 0:41 / /mnt/team/scratch rw - tmpfs tmpfs rw\n\
        32 27 0:42 / /mnt/my\\040share rw master:1 - cifs //server/share rw\n\
        33 27 0:43 / /mnt/far rw - fuse.sshfs ann@far: rw\n\
        34 27 0:44 / /srv rw - nfs server:/srv rw\n\
        35 34 254:1 / /srv rw - ext4 /dev/vdb rw\n\
        36 27 0:45 / /mnt/disk rw - fuseblk /dev/vdc rw\n";

    #[test]
    fn st_31_a_file_is_on_the_mount_that_lies_deepest() {
        let kind = |path: &str| kind_at(LINES, Path::new(path));
        assert_eq!(kind("/mnt/team/tasks.db").as_deref(), Some("nfs4"));
        assert_eq!(kind("/mnt/my share/a/tasks.db").as_deref(), Some("cifs"));
        assert_eq!(kind("/mnt/far/tasks.db").as_deref(), Some("fuse.sshfs"));
        let local =
            ["/tasks.db", "/mnt/team/scratch/tasks.db", "/mnt/teamwork/tasks.db", "/srv/tasks.db", "/mnt/disk/tasks.db"];
        assert_eq!(local.map(kind), [None, None, None, None, None]);
    }

    #[test]
    fn what_cannot_be_read_is_no_mount() {
        for line in ["", "a b c", "27 1 254:0 / /mnt rw", "27 1 254:0 / /mnt rw -", "27 1 254:0 / /x\\04 rw - nfs s rw"] {
            assert_eq!(kind_at(line, Path::new("/mnt/tasks.db")), None, "{line}");
        }
    }
}
