use proptest::prelude::*;

use super::*;
use crate::message::merge_id;
use crate::reduce::Sum;
use crate::wire::envelope::Lane;
use crate::wire::testing::envelope;

const PORT: u64 = 7;

fn sum() -> u64 {
    merge_id::<u64, Sum>()
}

fn item(merge: u64, payload: Payload) -> Envelope {
    let Envelope { mut to, headers, .. } = envelope(Lane::Data, 1);
    to.target = Target::Fold { port: PORT, merge, every_ms: 5 };
    Envelope { to, headers, body: Body::Message(payload) }
}

fn number(n: u64) -> Envelope {
    item(sum(), Payload::of(&n).unwrap())
}

fn key() -> Key {
    (number(0).to.proc.uid, Lent::way(PORT), PORT)
}

fn gone(rank: u32) -> Said {
    Said { rank, len: 1, merged: false, reply: Err(CallErrorKind::ActorStopped) }
}

fn send(folds: &mut Folds) -> Sending {
    match folds.due(key()) {
        Due::Send(sending) => *sending,
        Due::Over => panic!("it is over"),
        Due::Busy => panic!("someone merges"),
    }
}

fn total(items: Vec<Payload>) -> u64 {
    items.iter().map(|item| item.get::<u64>().unwrap()).sum()
}

#[test]
fn the_first_goes_on_the_others_are_kept_and_after_an_empty_interval_it_begins_anew() {
    let mut folds = Folds::default();
    assert!(matches!(folds.take_in(number(1)), Taken::Opened(first, _) if first == number(1)));
    assert!(matches!(folds.take_in(number(2)), Taken::Kept));
    assert!(matches!(folds.take_in(number(3)), Taken::Kept));
    assert_eq!(total(send(&mut folds).items), 5);
    assert!(matches!(folds.due(key()), Due::Over));
    assert!(matches!(folds.take_in(number(4)), Taken::Opened(..)));
}

#[test]
fn what_no_gateway_can_merge_goes_on_as_it_is() {
    let mut folds = Folds::default();
    for _ in 0..3 {
        let unknown = item(1, Payload::of(&1_u64).unwrap());
        assert!(matches!(folds.take_in(unknown.clone()), Taken::Past(past) if past == unknown));
    }
    // One that says that it can be, and cannot: nothing is lost, and what comes later passes.
    assert!(matches!(folds.take_in(number(1)), Taken::Opened(..)));
    let bad = Payload { body: vec![255; 3].into(), parts: Vec::new() };
    assert!(matches!(folds.take_in(item(sum(), bad.clone())), Taken::Kept));
    let merging = (0..MERGE_AT as u64).find_map(|n| match folds.take_in(number(n)) {
        Taken::Merge(_, merge, items) => Some((merge, items)),
        _ => None,
    });
    let (merge, items) = merging.unwrap();
    let (before, all) = (len_bytes(&items), items.clone());
    assert!(matches!(folds.due(key()), Due::Busy));
    folds.put_back(key(), before, merged(items, merge));
    assert!(matches!(folds.take_in(number(1)), Taken::Past(_)));
    assert_eq!(send(&mut folds).items, all);
}

#[test]
fn who_lets_go_is_told_of_with_what_was_kept_and_only_where_something_is() {
    let mut folds = Folds::default();
    let (proc, loan, other) = (key().0, Lent::number(PORT, 0), Lent::number(PORT + 1, 0));
    assert!(!folds.let_go(proc, loan, vec![gone(1)]));
    let _ = folds.take_in(number(1));
    let _ = folds.take_in(number(2));
    assert!(folds.let_go(proc, loan, vec![gone(1)]));
    assert!(!folds.let_go(proc, other, vec![gone(1)]));
    let reply = Said { reply: Ok(Payload::default()), ..gone(2) };
    assert!(!folds.let_go(proc, loan, vec![reply]), "no such thing comes to a port");
    let Sending { items, let_go, .. } = send(&mut folds);
    assert_eq!((total(items), let_go), (2, vec![(loan, gone(1))]));
}

#[test]
fn what_is_kept_is_bounded() {
    let mut folds = Folds::default();
    let text = |len: usize| {
        let merge = merge_id::<String, crate::reduce::Concat>();
        item(merge, Payload::of(&"x".repeat(len)).unwrap())
    };
    let _ = folds.take_in(text(1));
    assert!(matches!(folds.take_in(text(KEPT_LEN_MAX)), Taken::Kept));
    assert!(matches!(folds.take_in(text(1)), Taken::Full(full) if full == text(1)));
    // So many who let go, and no more.
    let many: Vec<Said> = (0..u32::try_from(LET_GO_MAX).unwrap()).map(gone).collect();
    let (proc, loan) = (key().0, Lent::number(PORT, 0));
    assert!(folds.let_go(proc, loan, many));
    assert!(!folds.let_go(proc, loan, vec![gone(0)]));
    assert_eq!(send(&mut folds).let_go.len(), LET_GO_MAX);
    assert!(matches!(folds.take_in(text(1)), Taken::Kept), "there is room again");
    // And of all ports together.
    let to = |port: u64, len: usize| {
        let mut envelope = text(len);
        if let Target::Fold { port: number, .. } = &mut envelope.to.target {
            *number = port;
        }
        envelope
    };
    let ports = (ALL_KEPT_LEN_MAX / KEPT_LEN_MAX) as u64;
    for port in 100..100 + ports {
        assert!(matches!(folds.take_in(to(port, 1)), Taken::Opened(..)));
        assert!(matches!(folds.take_in(to(port, KEPT_LEN_MAX)), Taken::Kept));
    }
    let _ = folds.take_in(to(100 + ports, 1));
    assert!(matches!(folds.take_in(to(100 + ports, 1)), Taken::Full(_)));
    let proc = key().0;
    assert!(matches!(folds.due((proc, Lent::way(100), 100)), Due::Send(_)));
    assert!(matches!(folds.take_in(to(100 + ports, 1)), Taken::Kept));
}

#[derive(Clone, Debug)]
enum Event {
    Item(u64),
    Due,
    /// The link has no room.
    Refused,
    /// The oldest merge is put back.
    PutBack,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        20 => (0_u64..1000).prop_map(Event::Item),
        1 => Just(Event::Due),
        1 => Just(Event::Refused),
        2 => Just(Event::PutBack),
    ]
}

proptest! {
    #[test]
    fn each_item_is_sent_on_once(events in prop::collection::vec(event(), 0..600)) {
        let mut folds = Folds::default();
        let (mut posted, mut sent) = (0, 0);
        let mut merging = Vec::new();
        let take = |folds: &mut Folds, refused: bool| match folds.due(key()) {
            Due::Send(sending) if refused => {
                folds.keep(key(), sending.items, sending.let_go);
                0
            }
            Due::Send(sending) => total(sending.items),
            Due::Over | Due::Busy => 0,
        };
        for event in events {
            match event {
                Event::Item(n) => {
                    posted += n;
                    match folds.take_in(number(n)) {
                        Taken::Past(_) | Taken::Opened(..) => sent += n,
                        Taken::Kept => {}
                        Taken::Full(_) => prop_assert!(false, "it is far from full"),
                        Taken::Merge(_, merge, items) => merging.push((len_bytes(&items), merged(items, merge))),
                    }
                }
                Event::Due => sent += take(&mut folds, false),
                Event::Refused => sent += take(&mut folds, true),
                Event::PutBack if merging.is_empty() => {}
                Event::PutBack => {
                    let (before, result) = merging.remove(0);
                    folds.put_back(key(), before, result);
                }
            }
            if let Some(fold) = folds.open.get(&key()) {
                let merging: usize = merging.iter().map(|(before, _)| before).sum();
                prop_assert_eq!(fold.len_bytes, len_bytes(&fold.items) + merging);
                prop_assert_eq!(folds.len_bytes, fold.len_bytes);
            }
        }
        for (before, result) in merging {
            folds.put_back(key(), before, result);
        }
        sent += take(&mut folds, false);
        prop_assert_eq!(sent, posted);
        prop_assert!(matches!(folds.due(key()), Due::Over));
        prop_assert!(folds.open.is_empty() && folds.len_bytes == 0);
    }
}
