use proptest::prelude::*;

use super::*;
use crate::message::merge_id;
use crate::reduce::{Concat, Sum};
use crate::wire::cast::{Manifest, Member, Procs};
use crate::wire::codec::Payload;
use crate::wire::envelope::{Lane, Lent};
use crate::wire::testing::envelope;

fn own() -> GatewayId {
    GatewayId { uid: Uid(4), incarnation: 1 }
}

/// A call to `ranks`.
fn cast(ranks: &[u32], merge: Option<u64>) -> Cast {
    let at = Arc::new(Location { gateway: own(), door: None });
    let proc = ProcId::single(Uid(8), "p".into());
    let mut manifest = Manifest::new(Uid(1), 2, 1 << 20, merge, &Procs::Named(Vec::new()));
    for &rank in ranks {
        manifest.push(&Member { rank, base_rank: rank, proc: proc.clone(), at: at.clone() });
    }
    let mut headers = envelope(Lane::Data, 1).headers;
    headers.reply_to = Some((PortAddr { proc: ProcAddr { id: proc, at }, port: 77 }, 0));
    Cast { manifest, headers, payload: Payload::default() }
}

fn value(rank: u32, value: &str) -> Said {
    Said { rank, len: 1, merged: false, reply: Ok(Payload::of(&value.to_owned()).unwrap()) }
}

#[track_caller]
fn sent(after: Option<After>) -> (Vec<Said>, Option<MergeReplies>) {
    match after {
        Some(After::Send(to, said, merge)) => {
            assert_eq!(to.port, 77);
            (said, merge)
        }
        Some(After::Arm(_)) => panic!("it waits"),
        Some(After::Pass(..)) => panic!("one goes by itself"),
        Some(After::Nothing) | None => panic!("nothing is sent"),
    }
}

#[test]
fn replies_are_sent_on_when_all_have_come_and_then_no_more() {
    let mut collectors = Collectors::new(own());
    let mut call = cast(&[1, 2, 5], None);
    collectors.open(&mut call);
    let (own, slot) = call.headers.reply_to.clone().unwrap();
    assert!(collectors.has(own.proc.id.uid));
    assert_eq!(slot, 0);
    assert!(matches!(collectors.take_in(own.port, [value(5, "a")]), Some(After::Arm(_))));
    assert!(matches!(collectors.take_in(own.port, [value(1, "a")]), Some(After::Nothing)));
    assert!(matches!(
        collectors.take_in(own.port, [value(1, "again"), value(9, "no")]),
        Some(After::Nothing)
    ));
    let (said, _) = sent(collectors.take_in(own.port, [value(2, "b")]));
    assert_eq!(said, [value(5, "a"), value(1, "a"), value(2, "b")]);
    assert!(collectors.take_in(own.port, [value(2, "late")]).is_none());
}

/// A reply that brings a reference to a port.
fn with_port(port: u64, rank: u32) -> Envelope {
    let mut reply = envelope(Lane::Control, 1);
    let lent = PortAddr { proc: cast(&[0], None).headers.reply_to.unwrap().0.proc, port: 5 };
    reply.to.target = Target::Port { port, slot: rank };
    reply.body = Body::Reply(Payload::of(&rank).unwrap());
    reply.headers.lent = Some([Lent { port: lent, number: Lent::number(5, u64::from(rank)) }].into());
    reply
}

#[test]
fn a_reply_with_references_to_ports_goes_on_by_itself_and_once() {
    let mut collectors = Collectors::new(own());
    let mut call = cast(&[1, 2, 3], None);
    collectors.open(&mut call);
    let port = call.headers.reply_to.unwrap().0.port;
    let pass = |collectors: &mut Collectors, rank| {
        let reply = with_port(port, rank);
        let After::Pass(passed, after) = collectors.pass(port, rank, &reply)? else { panic!("it waits") };
        assert_eq!(passed.to.target, Target::Port { port: 77, slot: rank });
        assert_eq!((&passed.headers, &passed.body), (&reply.headers, &reply.body));
        Some(after)
    };
    assert!(matches!(pass(&mut collectors, 2).as_deref(), Some(After::Nothing)));
    assert!(pass(&mut collectors, 2).is_none(), "it was sent on");
    assert!(pass(&mut collectors, 9).is_none(), "it was not asked");
    assert!(matches!(collectors.take_in(port, [value(1, "a")]), Some(After::Arm(_))));
    // The last takes along what waits.
    let last = pass(&mut collectors, 3);
    assert_eq!(sent(last.map(|after| *after)).0, [value(1, "a")]);
    assert!(pass(&mut collectors, 3).is_none(), "the collector is no more");
}

#[test]
fn what_has_come_is_sent_on_after_a_while_or_when_it_is_much() {
    let mut collectors = Collectors::new(own());
    let mut call = cast(&[0, 1, 2, 3], None);
    collectors.open(&mut call);
    let port = call.headers.reply_to.unwrap().0.port;
    assert!(matches!(collectors.take_in(port, [value(3, "a")]), Some(After::Arm(_))));
    assert_eq!(sent(Some(collectors.flush(port))).0.len(), 1);
    assert!(matches!(collectors.flush(port), After::Nothing));
    let much = "x".repeat(FLUSH_LEN);
    assert_eq!(sent(collectors.take_in(port, [value(0, &much)])).0.len(), 1);
    assert!(matches!(collectors.take_in(port, [value(1, "b")]), Some(After::Arm(_))));
    assert_eq!(sent(collectors.take_in(port, [value(2, "c")])).0.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn collectors_whose_time_is_over_are_swept() {
    let mut collectors = Collectors::new(own());
    for _ in 0..SWEEP_AT_MIN {
        let mut call = cast(&[0, 1], None);
        call.headers.deadline_us = Some(1000);
        collectors.open(&mut call);
    }
    tokio::time::advance(Duration::from_millis(2)).await;
    collectors.open(&mut cast(&[0, 1], None));
    assert_eq!(collectors.open.len(), 1);
}

proptest! {
    /// However replies are grouped on their way, what is merged is what a fold of all in rank order gives, and ranks
    /// that have none stay between.
    #[test]
    fn merged_in_any_grouping_is_merged_in_rank_order(
        ranks in prop::collection::btree_map(0..60_u32, 0..5_u8, 1..40),
        cuts in prop::collection::vec(0..40_usize, 0..4),
    ) {
        let merge = MergeEntry::find(merge_id::<String, Concat>()).unwrap();
        let all: Vec<Said> = ranks
            .iter()
            .map(|(rank, kind)| match kind {
                0 => Said { rank: *rank, len: 1, merged: false, reply: Err(CallErrorKind::ActorStopped) },
                kind => value(*rank, &format!("{kind},")),
            })
            .collect();
        let mut parts: Vec<Said> = Vec::new();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(all.len())).collect();
        cuts.push(all.len());
        cuts.sort_unstable();
        let mut from = 0;
        for to in cuts {
            let mut part = all[from..to].to_vec();
            part.dedup_by(|next, last| last.joins(next));
            parts.extend(merged(part, merge));
            from = to;
        }
        let whole = merged(parts, merge);
        let spans = whole.iter().filter(|said| said.reply.is_ok()).count();
        let mut want: Vec<(u32, u32, String)> = Vec::new();
        for (rank, kind) in ranks.iter().filter(|(_, kind)| **kind > 0) {
            match want.last_mut() {
                Some((first, len, text)) if *first + *len == *rank => {
                    *len += 1;
                    text.push_str(&format!("{kind},"));
                }
                _ => want.push((*rank, 1, format!("{kind},"))),
            }
        }
        prop_assert_eq!(spans, want.len());
        let got: Vec<(u32, u32, String)> = whole
            .iter()
            .filter_map(|said| Some((said.rank, said.len, said.reply.as_ref().ok()?.get().unwrap())))
            .collect();
        prop_assert_eq!(got, want);
    }
}

#[test]
fn a_run_of_one_value_counts_for_each_of_its_ranks() {
    let merge = MergeEntry::find(merge_id::<i64, Sum>()).unwrap();
    let said = Said { rank: 3, len: 4, merged: false, reply: Ok(Payload::of(&5_i64).unwrap()) };
    let [sum] = &merged(vec![said], merge)[..] else { panic!("one") };
    assert_eq!((sum.rank, sum.len, sum.merged), (3, 4, true));
    assert_eq!(sum.reply.as_ref().unwrap().get::<i64>(), Ok(20));
}
