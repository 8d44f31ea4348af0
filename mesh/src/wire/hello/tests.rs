use proptest::prelude::*;

use super::*;
use crate::ident::{Label, Uid};
use crate::wire::frame::FrameDecoder;

fn hello(fingerprints: &[(&str, &[(&str, u64)])]) -> Hello {
    let gateway = GatewayId { uid: Uid(7), incarnation: 9 };
    Hello {
        magic: MAGIC,
        protocol: PROTOCOL,
        gateway,
        location: Location { gateway, door: None },
        build: "test".into(),
        procs: vec![ProcId::single(Uid(1), Label::new("p"))],
        token: Some([3; 16]),
        session: Some(SessionHello { id: 5, resume: Some(6) }),
        fingerprints: fingerprints
            .iter()
            .map(|(name, handlers)| ActorFingerprint {
                name: (*name).into(),
                handlers: handlers.iter().map(|(name, hash)| takes(name, &[("x", *hash)])).collect(),
            })
            .collect(),
    }
}

/// A handler with arguments of these schemas.
fn takes(name: &str, args: &[(&str, u64)]) -> HandlerFingerprint {
    let args = args.iter().map(|(name, schema)| ((*name).into(), *schema)).collect();
    HandlerFingerprint { name: name.into(), args, reply: 0 }
}

#[track_caller]
fn check_both(local: &Hello, remote: &Hello, want: Result<(), HelloError>) {
    assert_eq!(check(local, remote), want);
    assert_eq!(check(remote, local), want.map_err(HelloError::mirrored), "seen from the other side");
}

fn differs(actor: &str, handler: &str, difference: HandlerDifference) -> Result<(), HelloError> {
    Err(HelloError::Handler { actor: actor.into(), handler: handler.into(), difference })
}

#[test]
fn a_hello_survives_the_wire() {
    let hello = hello(&[("Counter", &[("add", 1), ("get", 2)])]);
    let mut bytes = BytesMut::new();
    hello.encode_into(&mut bytes).unwrap();
    let preface = Preface::of_bytes(bytes.split_to(PREFACE_LEN)[..].try_into().unwrap());
    let frame = FrameDecoder::new(HELLO_LEN_MAX).feed(&mut bytes).unwrap().unwrap();
    assert_eq!(Hello::decode(preface, frame), Ok(hello));
}

#[test]
fn a_hello_does_not_show_its_token() {
    assert!(!format!("{:?}", hello(&[])).contains("3, 3"));
}

#[test]
fn only_actors_that_both_sides_have_are_compared() {
    let local = hello(&[("Counter", &[("add", 1)]), ("Mine", &[("x", 1)])]);
    let remote = hello(&[("Yours", &[("x", 2)]), ("Counter", &[("add", 1)])]);
    check_both(&local, &remote, Ok(()));
}

#[test]
fn the_first_handler_that_differs_is_named() {
    let local = hello(&[("B", &[("z", 1), ("get", 2), ("add", 1)]), ("A", &[("ok", 1)])]);
    let remote = hello(&[("A", &[("ok", 1)]), ("B", &[("add", 1), ("get", 3), ("z", 9)])]);
    check_both(&local, &remote, differs("B", "get", HandlerDifference::Argument { name: "x".into() }));
}

#[test]
fn a_handler_that_one_side_lacks_is_named() {
    let local = hello(&[("A", &[("add", 1), ("extra", 2)])]);
    let remote = hello(&[("A", &[("add", 1)])]);
    check_both(&local, &remote, differs("A", "extra", HandlerDifference::OnlyLocal));
    let text = check(&remote, &local).unwrap_err().to_string();
    assert!(text.contains("`extra` of actor `A` is missing on this side"), "{text}");
}

#[test]
fn the_field_that_differs_is_named_on_both_sides() {
    use HandlerDifference::*;
    let with = |handler: HandlerFingerprint| {
        let fingerprints = vec![ActorFingerprint { name: "A".into(), handlers: vec![handler] }];
        Hello { fingerprints, ..hello(&[]) }
    };
    let local = with(takes("add", &[("by", 1), ("why", 2)]));
    let differs =
        |theirs: HandlerFingerprint, want| check_both(&local, &with(theirs), differs("A", "add", want));
    differs(takes("add", &[("by", 1), ("why", 3)]), Argument { name: "why".into() });
    differs(takes("add", &[("by", 1)]), ArgumentOnlyLocal { name: "why".into() });
    differs(takes("add", &[("by", 1), ("why", 2), ("who", 2)]), ArgumentOnlyRemote { name: "who".into() });
    differs(takes("add", &[("why", 2), ("by", 1)]), ArgumentOrder);
    differs(HandlerFingerprint { reply: 9, ..takes("add", &[("by", 1), ("why", 2)]) }, Reply);
    check_both(&local, &with(takes("add", &[("by", 1), ("why", 2)])), Ok(()));
}

#[test]
fn magic_and_protocol_come_first() {
    let local = hello(&[("A", &[("add", 1)])]);
    let mut remote = hello(&[("A", &[("add", 2)])]);
    remote.protocol = PROTOCOL + 1;
    check_both(&local, &remote, Err(HelloError::Protocol { local: PROTOCOL, remote: PROTOCOL + 1 }));
    let text = check(&local, &remote).unwrap_err().to_string();
    assert!(
        text.contains(&format!("version {PROTOCOL} of"))
            && text.contains(&format!("version {}", PROTOCOL + 1)),
        "{text}"
    );
    remote.magic = *b"GET / HT";
    assert_eq!(check(&local, &remote), Err(HelloError::NotMesh { found: *b"GET / HT" }));
}

#[test]
fn a_refusal_reads_as_if_found_on_this_side() {
    let error = differs("A", "add", HandlerDifference::OnlyLocal).unwrap_err();
    let frame = error.to_frame().unwrap();
    assert_eq!(HelloError::of_frame(frame), Ok(error.mirrored()));
}

proptest! {
    #[test]
    fn random_bytes_are_not_a_hello(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let body = bytes::Bytes::from(noise);
        let frame = Frame { body, ..Frame::new(FrameKind::Hello) };
        let _ = HelloError::of_frame(frame.clone());
        let _ = Hello::decode(Preface { magic: MAGIC, protocol: PROTOCOL }, frame);
    }
}
