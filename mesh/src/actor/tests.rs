mod life;

use std::sync::Arc;

use super::*;
use crate::ident::{ActorId, ProcId, Uid};
use crate::wire::envelope::CHAIN_LEN_MAX;

fn actor(n: u64) -> ActorId {
    ActorId::new(ProcId::single(Uid(1), "p".into()), Uid(n), format!("a{n}").into())
}

fn chain(callers: impl IntoIterator<Item = u64>) -> Option<Arc<CallChain>> {
    CallChain::from_wire(callers.into_iter().map(actor).collect())
}

/// The cycle that a call of `callee` by the last of `callers` closes.
#[track_caller]
fn check_cycle(callers: &[u64], callee: u64, want: Option<&[u64]>) {
    let cycle = chain(callers.iter().copied()).and_then(|chain| chain.cycle(&actor(callee)));
    let cycle: Option<Vec<u64>> = cycle.map(|cycle| cycle.iter().map(|id| id.uid.0).collect());
    assert_eq!(cycle.as_deref(), want);
}

#[test]
fn a_cycle_goes_from_the_callee_round_to_the_callee() {
    check_cycle(&[], 1, None);
    check_cycle(&[1], 1, Some(&[1, 1]));
    check_cycle(&[1, 2], 1, Some(&[1, 2, 1]));
    check_cycle(&[1, 2, 3], 2, Some(&[2, 3, 2]));
    check_cycle(&[1, 2, 3], 4, None);
}

#[test]
fn another_life_of_an_actor_closes_the_cycle_too() {
    let again = ActorId { incarnation: 7, ..actor(1) };
    assert!(chain([1, 2]).unwrap().cycle(&again).is_some());
}

#[test]
fn a_chain_travels_outermost_first_and_is_bounded() {
    assert_eq!(chain([1, 2, 3]).unwrap().to_wire(), [actor(1), actor(2), actor(3)]);
    let long = CHAIN_LEN_MAX as u64 * 3;
    let kept = chain(0..long).unwrap().to_wire();
    assert!(kept.len() <= CHAIN_LEN_MAX && kept.last() == Some(&actor(long - 1)), "{} are kept", kept.len());
}
