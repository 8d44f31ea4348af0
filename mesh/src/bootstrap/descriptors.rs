//! Closes the descriptors that a child has inherited unasked. The second file here with unsafe code: a descriptor that is
//! known by its number only has no owner in safe code.
#![expect(unsafe_code, reason = "a descriptor is to be closed that is known by its number only")]

use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd, RawFd};

use rustix::io::FdFlags;

/// The last of stdin, stdout and stderr.
const LAST_DECLARED: RawFd = 2;

/// Closes what came through the exec beside stdin, stdout and stderr: descriptors that were not marked close-on-exec in
/// the launching process. Those with the mark were opened here, and stay.
///
/// Only while this thread is alone. Otherwise something has run before `main` that may use what it has opened.
pub(super) fn close_inherited() {
    if !super::marker::is_only_thread() {
        return;
    }
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return };
    // Collected first: the listing itself is a descriptor, closed by then.
    let numbers: Vec<RawFd> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd > LAST_DECLARED)
        .collect();
    for number in numbers {
        // SAFETY: `-1` is excluded by the filter above. The number may have no owner, or an owner in what ran before
        // `main`, or be closed by now. It is given up again below, unless it is without the close-on-exec mark; all that
        // the standard library and our dependencies open has that mark, and no other thread runs that could open, close
        // or use a descriptor meanwhile. So what is dropped here is owned by nobody in this program.
        let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
        match rustix::io::fcntl_getfd(&descriptor) {
            Ok(flags) if !flags.contains(FdFlags::CLOEXEC) => drop(descriptor),
            Ok(_) | Err(_) => _ = descriptor.into_raw_fd(),
        }
    }
}
