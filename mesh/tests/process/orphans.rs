//! `kill -9` of the client leaves nothing (`PROC-1`).

use crate::proc_fs::{Token, describe, eventually, gone, leads_a_session, with_token};
use crate::program::Program;
use crate::world::soon;

crate::tests![
    killed_client_leaves_no_child_and_no_grandchild,
    killed_client_leaves_no_socket,
    killed_client_ends_hosts_and_their_procs,
    killed_client_and_a_grandchild_with_a_session_of_its_own,
];

/// In each of four procs a grandchild that was forked twice, and one that was not.
const FAMILY: &str = "(nohup sleep 600 >/dev/null 2>&1 &) ; sleep 600 >/dev/null 2>&1 &";
const PROCS: usize = 4;

async fn with_len(token: &str, len: usize) {
    assert!(eventually(|| with_token(token).len() == len).await, "{:?}", describe(&with_token(token)));
}

async fn killed_client_leaves_no_child_and_no_grandchild() {
    let token = Token::fresh();
    let mut program = Program::start(&["family", FAMILY], &token);
    soon(program.line("up")).await;
    with_len(&token, 1 + PROCS + 2 * PROCS).await;
    program.kill().await;
    gone(&token).await;
}

async fn killed_client_leaves_no_socket() {
    let token = Token::fresh();
    let mut program = Program::start(&["family", "true"], &token);
    soon(program.line("up")).await;
    assert_eq!(program.scratch().entries().len(), 1, "{:?}", program.scratch().entries());
    program.kill().await;
    gone(&token).await;
    assert!(program.scratch().entries().is_empty(), "{:?}", program.scratch().entries());
}

async fn killed_client_ends_hosts_and_their_procs() {
    let token = Token::fresh();
    let mut program = Program::start(&["family-of-hosts", FAMILY], &token);
    soon(program.line("up")).await;
    // Two hosts with two procs each.
    with_len(&token, 1 + 2 + PROCS + 2 * PROCS).await;
    program.kill().await;
    gone(&token).await;
    assert!(program.scratch().entries().is_empty(), "{:?}", program.scratch().entries());
}

/// The weaker guarantee: without cgroups one that left the group is out of reach. All others are gone.
async fn killed_client_and_a_grandchild_with_a_session_of_its_own() {
    let token = Token::fresh();
    let script = "setsid sleep 600 >/dev/null 2>&1 & (sleep 600 >/dev/null 2>&1 &)";
    let mut program = Program::start(&["family", script], &token);
    soon(program.line("up")).await;
    with_len(&token, 1 + PROCS + 2 * PROCS).await;
    let leaders = || with_token(&token).iter().filter(|pid| leads_a_session(pid)).count();
    assert!(eventually(|| leaders() == PROCS).await, "{:?}", describe(&with_token(&token)));
    program.kill().await;
    let others_gone = || with_token(&token).iter().all(leads_a_session);
    assert!(eventually(others_gone).await, "{:?}", describe(&with_token(&token)));
    println!(
        "PROC-1 here, without cgroups: of {PROCS} grandchildren with a session of their own {} outlive a killed \
         client, and none of its other descendants",
        with_token(&token).len()
    );
}
