use std::os::unix::process::ExitStatusExt;

use super::*;

#[track_caller]
fn check(raw: i32, want: ExitStatus, text: &str) {
    let status = translate(std::process::ExitStatus::from_raw(raw));
    assert_eq!((&status, status.to_string().as_str()), (&want, text));
}

/// What the kernel says of a child (wait(2)): the code in the second byte; or the signal, with a bit for a core.
#[test]
fn the_status_of_a_child_is_its_code_or_its_signal_with_the_core_flag() {
    check(0, ExitStatus::Code(0), "exit code 0");
    check(3 << 8, ExitStatus::Code(3), "exit code 3");
    check(9, ExitStatus::Signal { signal: 9, core_dumped: false }, "signal 9 (SIGKILL)");
    check(6 | 0x80, ExitStatus::Signal { signal: 6, core_dumped: true }, "signal 6 (SIGABRT), core dumped");
}
