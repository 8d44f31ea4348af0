use proptest::prelude::*;

use super::*;
use crate::ident::{Label, Uid};
use crate::wire::testing::{envelope, number};

/// An envelope between the `from`-th sender and the `to`-th proc.
fn between(from: u64, to: u64, seq: u64) -> Envelope {
    let mut between = envelope(Lane::Data, seq);
    between.to.proc = ProcId::single(Uid(to), Label::new("to"));
    between.headers.sender.uid = Uid(from);
    between
}

fn encode(writer: &mut HeadWriter, envelope: &Envelope) -> Payload {
    encode_as(writer, envelope, number(envelope))
}

fn encode_as(writer: &mut HeadWriter, envelope: &Envelope, number: u64) -> Payload {
    let mut encoder = Encoder::default();
    writer.encode(envelope, number, &mut encoder).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
fn check(writer: &mut HeadWriter, reader: &mut HeadReader, envelope: &Envelope) -> usize {
    let head = encode(writer, envelope).body;
    let payload = envelope.payload().cloned().unwrap_or_default();
    assert_eq!(reader.decode(&head, payload).as_ref(), Ok(envelope));
    head.len()
}

proptest! {
    #[test]
    fn heads_survive_in_order(pairs in prop::collection::vec((0..40_u64, 0..40_u64, 0..4_u8), 0..300)) {
        let (mut writer, mut reader) = (HeadWriter::default(), HeadReader::default());
        for (seq, (from, to, reply)) in pairs.into_iter().enumerate() {
            let mut envelope = between(from, to, seq as u64);
            let own = ProcAddr { id: envelope.headers.sender.proc.clone(), at: envelope.headers.sender_at.clone() };
            let other = ProcAddr { id: ProcId::single(Uid(77), Label::new("other")), at: own.at.clone() };
            envelope.headers.reply_to = match reply {
                0 => Some((PortAddr { proc: own, port: 3 }, 4)),
                1 => Some((PortAddr { proc: other, port: 3 }, 4)),
                _ => None,
            };
            if reply == 2 {
                let port = PortAddr { proc: ProcAddr { id: envelope.to.proc.clone(), at: envelope.to.at.clone() }, port: 5 };
                envelope.headers.lent = Some([Lent { port, number: Lent::number(5, seq as u64) }].into());
            }
            check(&mut writer, &mut reader, &envelope);
        }
    }

    /// Whatever stands beside them, and however their pair was said.
    #[test]
    fn calls_and_replies_survive(
        said in prop::collection::vec((0..3_u64, 0..4_u8, prop::option::of(any::<u64>()), any::<u64>(), 0..3_u32, 0..4_u8), 0..100),
    ) {
        let (mut writer, mut reader) = (HeadWriter::default(), HeadReader::default());
        for (seq, (to, kind, deadline_us, port, slot, chain)) in said.into_iter().enumerate() {
            let mut envelope = between(1, to, seq as u64);
            let sender = envelope.headers.sender.clone();
            if kind == 0 {
                envelope.to.target = Target::Port { port, slot };
                envelope.headers.lane = Lane::Control;
                envelope.body = Body::Reply(Payload::of(&port).unwrap());
            } else {
                let own = ProcAddr { id: sender.proc.clone(), at: envelope.headers.sender_at.clone() };
                envelope.headers.reply_to = (kind > 1).then_some((PortAddr { proc: own, port }, slot));
                envelope.headers.chain = match chain {
                    0 => Vec::new(),
                    1 => vec![ActorId { uid: Uid(8), ..sender }],
                    _ => vec![sender; chain.into()],
                };
                envelope.headers.chain.truncate(2);
                if chain == 3 {
                    envelope.headers.chain.truncate(1);
                }
            }
            envelope.headers.deadline_us = deadline_us;
            check(&mut writer, &mut reader, &envelope);
        }
    }

    #[test]
    fn numbers_are_as_in_the_encoding(number: u64, shift in 0..64_u32) {
        let number = number >> shift;
        let (mut by_hand, mut plain) = (Encoder::default(), Encoder::default());
        by_hand.put_varint(number);
        plain.put_plain(&number).unwrap();
        prop_assert_eq!(by_hand.body(), plain.body());
        prop_assert_eq!(varint(by_hand.body()), Some((number, &[][..])));
    }

    #[test]
    fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut reader = HeadReader::default();
        let _ = reader.decode(&noise, Payload::default());
        let _ = reader.told(&noise, &[]);
        let mut head = encode(&mut HeadWriter::default(), &between(1, 2, 3)).body.to_vec();
        let at = at.index(head.len());
        head[at] = byte;
        let _ = reader.decode(&head, Payload::default());
    }
}

#[test]
fn the_second_head_of_a_pair_is_short() {
    let (mut writer, mut reader) = (HeadWriter::default(), HeadReader::default());
    let first = check(&mut writer, &mut reader, &between(1, 2, 1));
    let second = check(&mut writer, &mut reader, &between(1, 2, 2));
    assert!(second < 24 && first > 2 * second, "{first}, then {second}");
    let mut writer = HeadWriter::default();
    assert_eq!(check(&mut writer, &mut HeadReader::default(), &between(1, 2, 1)), first);
}

#[test]
fn calls_and_replies_of_a_known_pair_are_read_where_they_lie() {
    let (mut writer, mut reader) = (HeadWriter::default(), HeadReader::default());
    let mut call = between(1, 2, 1);
    let own = ProcAddr { id: call.headers.sender.proc.clone(), at: call.headers.sender_at.clone() };
    call.headers.reply_to = Some((PortAddr { proc: own, port: 300 }, 0));
    call.headers.deadline_us = Some(30_000_000);
    call.headers.chain = vec![call.headers.sender.clone()];
    let mut reply = between(1, 2, 0);
    reply.to.target = Target::Port { port: 300, slot: 2 };
    reply.headers.lane = Lane::Control;
    reply.body = Body::Reply(Payload::of(&7_u64).unwrap());
    for envelope in [&call, &reply] {
        check(&mut writer, &mut reader, envelope);
        let head = encode(&mut writer, envelope).body;
        let told = reader.told(&head, &envelope.payload().unwrap().body).expect("its pair is known");
        assert_eq!(told.to_envelope(), *envelope);
        assert!(head.len() < 16, "{} bytes", head.len());
    }
    let head = encode(&mut writer, &call).body;
    let told = reader.told(&head, &[]).unwrap();
    let want = Ask { left_us: 30_000_000, port: 300, in_chain: true };
    assert_eq!(
        told.ask().map(|(ask, port)| (ask, Some((port, 0)))),
        Some((want, call.headers.reply_to.clone()))
    );
    let head = encode(&mut writer, &reply).body;
    assert_eq!(reader.told(&head, &[]).unwrap().answer(), Some((300, 2)));
}

#[test]
fn a_slot_that_was_not_named_is_an_error() {
    let mut writer = HeadWriter::default();
    encode(&mut writer, &between(1, 2, 1));
    let second = encode(&mut writer, &between(1, 2, 2));
    assert!(HeadReader::default().decode(&second.body, Payload::default()).is_err());
}

#[test]
fn long_names_are_said_each_time_and_kept_by_nobody() {
    let (mut writer, mut reader) = (HeadWriter::default(), HeadReader::default());
    let mut long = between(1, 2, 1);
    let door = crate::addr::ChannelAddr::Unix("x".repeat(2 * WHO_LEN_MAX).into());
    long.to.at = Arc::new(Location { gateway: long.to.at.gateway, door: Some(door) });
    let first = check(&mut writer, &mut reader, &long);
    assert_eq!(check(&mut writer, &mut reader, &long), first);
    assert!(reader.slots.is_empty());
    let mut encoder = Encoder::default();
    encoder.put_plain(&Lead::New(0, WhoRef::of(&long).to_owned())).unwrap();
    put_rest(&long, &mut encoder).unwrap();
    let forced = encoder.finish().unwrap();
    assert!(reader.decode(&forced.body, Payload::default()).is_err(), "HEADS-2");
}

proptest! {
    /// However many heads were had, a reader made of the writer decodes the rest.
    #[test]
    fn the_rest_is_decoded_by_a_reader_made_of_the_writer(
        pairs in prop::collection::vec((0..30_u64, 0..30_u64, any::<bool>()), 1..200),
        had in any::<prop::sample::Index>(),
        refused in prop::collection::vec(any::<bool>(), 200),
    ) {
        let (mut writer, mut kept) = (HeadWriter::default(), Vec::new());
        for (at, (from, to, call)) in pairs.into_iter().enumerate() {
            let mut envelope = between(from, to, kept.len() as u64 + 1);
            if call {
                let own = ProcAddr { id: envelope.headers.sender.proc.clone(), at: envelope.headers.sender_at.clone() };
                envelope.headers.reply_to = Some((PortAddr { proc: own, port: 3 }, 4));
            }
            let head = encode(&mut writer, &envelope).body;
            if refused[at] {
                writer.take_back(number(&envelope));
            } else {
                kept.push((envelope, head));
            }
        }
        let had = had.index(kept.len() + 1);
        writer.forget_up_to(had as u64);
        let mut reader = writer.into_reader();
        for (envelope, head) in &kept[had..] {
            let payload = envelope.payload().cloned().unwrap_or_default();
            let told = reader.told(head, &payload.body).map(|told| told.to_envelope());
            prop_assert_eq!(told.is_some(), [TELL, ASK, ANSWER].contains(&head[0]));
            prop_assert_eq!(told.as_ref().unwrap_or(envelope), envelope);
            let decoded = reader.decode(head, payload);
            prop_assert_eq!(decoded.as_ref(), Ok(envelope));
        }
    }
}
