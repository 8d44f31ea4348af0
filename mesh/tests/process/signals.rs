//! Ctrl-C and SIGTERM at the program: the first ends it in order, the second at once (`PROC-3`).

use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::proc_fs::{Token, gone, with_token};
use crate::program::Program;
use crate::world::{send_signal, soon};

crate::tests![
    first_interrupt_ends_the_program_in_order,
    first_sigterm_ends_the_program_in_order,
    ctrl_c_of_a_terminal_spares_the_children_until_they_are_stopped,
    second_interrupt_ends_the_program_at_once,
    ignored_interrupt_stays_ignored,
    program_with_signals_of_its_own_is_left_alone,
];

/// A signal that comes while the program waits in its main; what it says at its end.
async fn ended_by(signal: Signal, to_group: bool, code: i32) {
    let token = Token::fresh();
    let mut program = Program::start(&["farewell"], &token);
    soon(program.line("up")).await;
    let pid = Pid::from_raw(program.pid().try_into().unwrap()).unwrap();
    if to_group {
        // As a terminal does.
        rustix::process::kill_process_group(pid, signal).unwrap();
    } else {
        rustix::process::kill_process(pid, signal).unwrap();
    }
    let ended = soon(program.end()).await;
    assert_eq!(ended.status.code(), Some(code), "{}", ended.stderr);
    // No wait: nothing is left when it has ended.
    assert_eq!(with_token(&token), []);
    let mut said = ended.stdout;
    said.sort();
    assert_eq!(said, ["[workers/0] goodbye", "[workers/1] goodbye", "main is dropped"], "{}", ended.stderr);
    assert_eq!(ended.stderr, "");
}

async fn first_interrupt_ends_the_program_in_order() {
    ended_by(Signal::INT, false, 130).await;
}

async fn first_sigterm_ends_the_program_in_order() {
    ended_by(Signal::TERM, false, 143).await;
}

async fn ctrl_c_of_a_terminal_spares_the_children_until_they_are_stopped() {
    ended_by(Signal::INT, true, 130).await;
}

/// Far less than a drain and a SIGTERM may take, and ten times what it takes.
const AT_ONCE: Duration = Duration::from_secs(4);

async fn second_interrupt_ends_the_program_at_once() {
    let token = Token::fresh();
    let mut program = Program::start_with(&["stubborn"], &token, &[("MESH_STOP_DRAIN_TIMEOUT", "60s")]);
    soon(program.line("up")).await;
    send_signal(program.pid(), Signal::INT);
    soon(program.line("main is dropped")).await;
    let start = tokio::time::Instant::now();
    send_signal(program.pid(), Signal::INT);
    let ended = soon(program.end()).await;
    assert_eq!(ended.status.code(), Some(130), "{}", ended.stderr);
    gone(&token).await;
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
}

async fn ignored_interrupt_stays_ignored() {
    let token = Token::fresh();
    let mut program = Program::start_ignoring_interrupts(&["farewell"], &token);
    soon(program.line("up")).await;
    send_signal(program.pid(), Signal::INT);
    send_signal(program.pid(), Signal::INT);
    // Signals of one process arrive before later ones of another number are handled; it would have ended with 130.
    send_signal(program.pid(), Signal::TERM);
    let ended = soon(program.end()).await;
    assert_eq!(ended.status.code(), Some(143), "{}", ended.stderr);
    gone(&token).await;
}

async fn program_with_signals_of_its_own_is_left_alone() {
    let token = Token::fresh();
    let mut program = Program::start_with(&["farewell"], &token, &[("MESH_STOP_ON_SIGNAL", "false")]);
    soon(program.line("up")).await;
    send_signal(program.pid(), Signal::TERM);
    let ended = soon(program.end()).await;
    // What a signal does that nobody handles.
    assert_eq!(ended.status.code(), None);
    gone(&token).await;
}
