//! The environment variable that tells a child. One of the two files here with unsafe code: the standard library has no other
//! way to take a variable out of one's own environment.
#![expect(unsafe_code, reason = "removing an environment variable is unsafe in edition 2024")]

/// The environment variable that tells a child that orders wait on its stdin. Only the marker: nothing is in it.
pub const MARKER: &str = "MESH_MARK_BOOTSTRAP";

/// What it is set to.
pub(super) const MARKER_VALUE: &str = "1";

/// Whether this process was started as a child.
#[expect(clippy::disallowed_methods, reason = "it is not a setting: it says which program this is")]
pub(super) fn is_set() -> bool {
    std::env::var(MARKER).is_ok_and(|value| value == MARKER_VALUE)
}

/// Takes the marker out of what our own children inherit, where that is safe: while this thread is the only one. Where
/// it stays (a child that starts threads before `init`, or not Linux), a program started from the child without us,
/// but written with mesh, refuses to run.
pub(super) fn remove_if_alone() {
    if is_only_thread() {
        // SAFETY: no other thread exists that could read or write the environment at the same time, and none can come
        // to exist during the call, since only this thread could start it.
        unsafe { std::env::remove_var(MARKER) };
    }
}

/// Whether no other thread exists.
#[cfg(target_os = "linux")]
pub(super) fn is_only_thread() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() == 1)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_only_thread() -> bool {
    false
}
