use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::ident::Label;
use crate::supervision::{Cause, Failure, Subject};
use crate::wire::testing::envelope;

#[track_caller]
fn check_survives(envelope: &Envelope) {
    let head = envelope.encode_head().unwrap();
    let payload = envelope.payload().cloned().unwrap_or_default();
    assert_eq!(Envelope::decode(&head.body, payload).as_ref(), Ok(envelope));
}

fn full() -> Envelope {
    let mut full = envelope(Lane::Data, 1);
    let sender = full.headers.sender.clone();
    let proc = crate::addr::ProcAddr { id: sender.proc.clone(), at: full.to.at.clone() };
    full.headers.chain = vec![sender; 3];
    full.headers.deadline_us = Some(5_000_000);
    full.headers.trace = Some(TraceContext { trace_id: u128::MAX, span_id: 3 });
    full.headers.reply_to = Some((PortAddr { proc, port: 9 }, 2));
    full.headers.point = Some(CastPoint { rank: 1, base_rank: 2, size: 3 });
    full
}

#[test]
fn envelopes_survive_with_every_body() {
    check_survives(&envelope(Lane::Control, 1));
    let mut envelope = full();
    check_survives(&envelope);
    envelope.body =
        Body::Reply(Payload { body: b"reply".to_vec().into(), parts: vec![b"part".to_vec().into()] });
    check_survives(&envelope);
    envelope.body = Body::Failed(CallErrorKind::Deadline { after: Duration::from_millis(5) });
    check_survives(&envelope);
    envelope.body = Body::Returned { to: Box::new(envelope.to.clone()), reason: CallErrorKind::ActorStopped };
    check_survives(&envelope);
}

#[test]
fn a_chain_that_is_too_long_is_neither_sent_nor_taken() {
    let mut long = full();
    long.headers.chain = vec![long.headers.sender.clone(); CHAIN_LEN_MAX];
    check_survives(&long);
    long.headers.chain.push(long.headers.sender.clone());
    assert!(matches!(long.encode_head(), Err(EncodeError::Value { reason }) if reason.contains("65")));
}

proptest! {
    #[test]
    fn a_changed_head_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut head = full().encode_head().unwrap().body.to_vec();
        let len = head.len();
        head[at.index(len)] = byte;
        let _ = Envelope::decode(&head, Payload::default());
        head.truncate(cut.index(len));
        let _ = Envelope::decode(&head, Payload::default());
    }

    #[test]
    fn random_bytes_never_panic(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Envelope::decode(&noise, Payload::default());
    }
}

/// A failure that has `depth` failures below it, as bytes, built from the inside so that nothing recurses.
fn nested(depth: usize) -> Vec<u8> {
    let subject = Subject::Proc(ProcId::single(Uid(1), Label::new("p")));
    let leaf =
        Failure { subject, mesh: None, ranks: Vec::new(), cause: Cause::Other { message: String::new() } };
    let child = Failure { cause: Cause::Child { failure: Box::new(leaf.clone()) }, ..leaf.clone() };
    let (leaf, child) = (Payload::of(&leaf).unwrap().body, Payload::of(&child).unwrap().body);
    let level = child.strip_suffix(&leaf[..]).expect("a level stands before what is below it");
    [level.repeat(depth), leaf.to_vec()].concat()
}

#[test]
fn a_chain_of_causes_is_bounded() {
    let decode = |depth| Payload { body: nested(depth).into(), parts: Vec::new() }.get::<Failure>();
    assert_eq!(decode(CAUSES_MAX).map(|failure| failure.chain().count()), Ok(CAUSES_MAX + 1));
    let error = decode(100_000).unwrap_err();
    assert!(error.to_string().contains("nests deeper"), "{error}");
}

#[test]
fn an_error_with_too_many_causes_is_not_sent() {
    let mut failed = full();
    let with = |depth| {
        let failure = Payload { body: nested(depth).into(), parts: Vec::new() }.get::<Failure>().unwrap();
        let cause = Box::new(Cause::Child { failure: Box::new(failure) });
        Body::Failed(CallErrorKind::ActorFailed { cause })
    };
    failed.body = with(CAUSES_MAX - 1);
    check_survives(&failed);
    failed.body = with(CAUSES_MAX);
    assert!(
        matches!(failed.encode_head(), Err(EncodeError::Value { reason }) if reason.contains("33 causes"))
    );
}
