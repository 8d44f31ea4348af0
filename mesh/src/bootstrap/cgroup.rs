//! cgroup v2: a child and all its descendants as one thing that can be killed, those with a session of their own too.
//!
//! Only where the configuration asks for it (`MESH_CGROUP`). The mount is found through `/proc/self/mountinfo`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::config::CgroupParent;

/// How long the processes of a killed cgroup may take to go, before its directory is left behind.
const EMPTY_WITHIN: Duration = Duration::from_secs(2);

/// Between two looks at whether it is empty: the kernel needs a moment to take apart what was killed.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// How our cgroups are named: then the process that made it, and a number.
const NAME: &str = "mesh-";

/// Why a cgroup that was asked for cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CgroupError {
    /// cgroup v2 is not mounted where this process can see it.
    #[error("no cgroup v2 hierarchy is mounted here (see /proc/self/mountinfo)")]
    NotMounted,
    /// This process is in no cgroup below the mount.
    #[error("the cgroup of this process is not below a mount of cgroup v2 (see /proc/self/cgroup)")]
    NotFound,
    /// The parent is not a cgroup.
    #[error("`{}` is not a directory of a mounted cgroup v2 hierarchy", .path.display())]
    NotACgroup {
        /// What was given.
        path: PathBuf,
    },
    /// The kernel has no `cgroup.kill`: it is older than 5.14.
    #[error("`{}` has no `cgroup.kill`: the kernel is older than 5.14", .path.display())]
    NoKill {
        /// The cgroup.
        path: PathBuf,
    },
    /// It may not be written: the mount is read-only, or it belongs to somebody else.
    #[error("`{}` cannot be written: {source}", .path.display())]
    Denied {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The cgroup of one child. Dropped, it is killed and, once empty, removed in the background.
#[derive(Debug)]
pub(super) struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// Makes one below `parent`; `None` if none is asked for.
    pub(super) fn make(parent: &CgroupParent) -> Result<Option<Cgroup>, CgroupError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let parent = match parent {
            CgroupParent::None => return Ok(None),
            CgroupParent::Own => own()?,
            CgroupParent::At(path) => {
                let path = PathBuf::from(&**path);
                if !path.join("cgroup.procs").exists() {
                    return Err(CgroupError::NotACgroup { path });
                }
                path
            }
        };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        if number == 0 {
            sweep(&parent);
        }
        let path = parent.join(format!("{NAME}{}-{number}", std::process::id()));
        fs::create_dir(&path).map_err(|source| CgroupError::Denied { path: path.clone(), source })?;
        let made = Cgroup { path };
        if !made.path.join("cgroup.kill").exists() {
            return Err(CgroupError::NoKill { path: made.path.clone() });
        }
        Ok(Some(made))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a process into it, and with it all that it starts from now on.
    pub(super) fn take_in(&self, pid: u32) -> Result<(), CgroupError> {
        let path = self.path.join("cgroup.procs");
        fs::write(&path, pid.to_string()).map_err(|source| CgroupError::Denied { path, source })
    }

    /// Kills all in it.
    pub(super) fn kill(&self) {
        kill(&self.path);
    }

    /// Kills all in it and removes it.
    pub(super) async fn remove(self) {
        self.kill();
        let emptied = async {
            while !remove_tree(&self.path) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        if tokio::time::timeout(EMPTY_WITHIN, emptied).await.is_err() {
            tracing::warn!(cgroup = %self.path.display(), "a cgroup could not be removed: a process stays in it");
        }
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Nothing if it was removed. What is not yet gone keeps it, until the next run of a program sweeps.
        self.kill();
        remove_tree(&self.path);
    }
}

/// Joins the cgroup that was made for this child, for one that its launcher's move did not reach: behind a wrapper that
/// had started it before.
pub(super) fn join(path: &Path) -> bool {
    fs::write(path.join("cgroup.procs"), "0").is_ok()
}

/// Kills all in a cgroup and in those below it.
pub(super) fn kill(path: &Path) {
    // It fails if it is gone.
    let _ = fs::write(path.join("cgroup.kill"), "1");
}

/// Removes a cgroup and those below it; says whether it is gone.
fn remove_tree(path: &Path) -> bool {
    if let Ok(entries) = fs::read_dir(path) {
        for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
            remove_tree(&entry.path());
        }
    }
    match fs::remove_dir(path) {
        Ok(()) => true,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Removes what programs that were killed have left behind.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| name.strip_prefix(NAME)?.split_once('-'));
        if let Some((pid, _)) = maker
            && pid.parse::<u32>().is_ok()
            && !Path::new("/proc").join(pid).exists()
        {
            remove_tree(&entry.path());
        }
    }
}

/// The cgroup that this process is in.
fn own() -> Result<PathBuf, CgroupError> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let mounts = mounts(&read("/proc/self/mountinfo"));
    if mounts.is_empty() {
        return Err(CgroupError::NotMounted);
    }
    let groups = read("/proc/self/cgroup");
    let group = groups.lines().find_map(|line| line.strip_prefix("0::")).ok_or(CgroupError::NotFound)?;
    let within = |(root, point): &(String, String)| {
        let below = Path::new(group).strip_prefix(root).ok()?;
        Some(Path::new(point).join(below)).filter(|path| path.join("cgroup.procs").exists())
    };
    mounts.iter().find_map(within).ok_or(CgroupError::NotFound)
}

/// The mounts of cgroup v2: which part of the hierarchy, and where. From the text of `mountinfo` (proc(5)):
/// `id parent major:minor root point options optional… - type source options`.
fn mounts(mountinfo: &str) -> Vec<(String, String)> {
    let mount = |line: &str| {
        let (place, what) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let (root, point) = (place.next()?, place.next()?);
        (what.split(' ').next()? == "cgroup2").then(|| (unescape(root), unescape(point)))
    };
    mountinfo.lines().filter_map(mount).collect()
}

/// Space, tab, newline and backslash are written as `\` and three octal digits.
fn unescape(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                plain.push(char::from(byte));
                plain.push_str(&part[3..]);
            }
            None => {
                plain.push('\\');
                plain.push_str(part);
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mountinfo: &str, want: &[(&str, &str)]) {
        let want: Vec<_> = want.iter().map(|(root, point)| (root.to_string(), point.to_string())).collect();
        assert_eq!(mounts(mountinfo), want);
    }

    #[test]
    fn mounts_of_cgroup_v2_are_found_wherever_they_are() {
        check("", &[]);
        check("32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu", &[]);
        let hybrid = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";
        check(hybrid, &[("/", "/sys/fs/cgroup/unified")]);
        let container = "50 31 0:26 /box /a\\040b rw shared:4 master:1 - cgroup2 none rw,nsdelegate";
        check(container, &[("/box", "/a b")]);
    }
}
