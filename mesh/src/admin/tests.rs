use std::time::Duration;

use super::*;
use crate::ident::{ProcId, Uid};

fn id(n: u64) -> ActorId {
    ActorId::new(ProcId::single(Uid(1), "p".into()), Uid(n), format!("a{n}").into())
}

fn actor(n: u64, owner: Option<u64>, waits_for: &[u64]) -> ActorReport {
    let mut report = ActorReport::of(id(n));
    report.owner = owner.map(id);
    let waiting = |callee: &u64| Waiting::new(id(*callee), "take", Duration::from_millis(1500 + callee));
    report.waits = waits_for.iter().map(waiting).collect();
    report
}

fn tree(actors: Vec<ActorReport>) -> Tree {
    let proc = ProcId::single(Uid(1), "p".into());
    let report = Ok(ProcReport::new(proc.clone(), 7, actors, 0));
    let own = ProcNode { proc, pid: Some(7), status: Status::Running, owner: None, report, host: None };
    Tree { hosts: vec![HostNode { own, procs: Ok(Vec::new()) }] }
}

#[track_caller]
fn check_chain(actors: Vec<ActorReport>, want: &[u64]) {
    let tree = tree(actors);
    let chain: Vec<u64> = tree.chain(&id(1)).iter().map(|waiting| waiting.callee.uid.0).collect();
    assert_eq!(chain, want);
}

#[test]
fn chain_goes_to_the_last_that_waits_and_round_a_ring_once() {
    check_chain(vec![actor(1, None, &[])], &[]);
    check_chain(vec![actor(1, None, &[2]), actor(2, None, &[3]), actor(3, None, &[])], &[2, 3]);
    check_chain(vec![actor(1, None, &[2, 4]), actor(2, None, &[])], &[4]);
    check_chain(vec![actor(1, None, &[2]), actor(2, None, &[1])], &[2, 1]);
    check_chain(vec![actor(1, None, &[2]), actor(2, None, &[3]), actor(3, None, &[2])], &[2, 3, 2]);
}

#[test]
fn tree_is_printed_by_place_and_by_owner() {
    let tree = tree(vec![
        actor(1, None, &[2]),
        actor(2, Some(3), &[]),
        actor(3, Some(1), &[]),
        actor(4, Some(9), &[]),
    ]);
    let line = |n: u64| format!("{} idle, 0 queued, 0 handled", id(n));
    let want = format!(
        "host p, process 7\n  {}\n    waits for {} `take` for 1.5 s\n  {}\n  {}\n  {}\n",
        line(1),
        id(2),
        line(2),
        line(3),
        line(4)
    );
    assert_eq!(tree.to_string(), want);
    let want = format!("proc p, process 7\n{}\n  {}\n    {}\n{}\n", line(1), line(3), line(2), line(4));
    assert_eq!(tree.owned().to_string(), want);
}
