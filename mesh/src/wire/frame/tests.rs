use proptest::prelude::*;

use super::*;

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..200).prop_map(Bytes::from)
}

fn frame() -> impl Strategy<Value = Frame> {
    let kind = (1..=8_u8).prop_map(|byte| FrameKind::of(byte).unwrap());
    let content = (bytes(), bytes(), prop::collection::vec(bytes(), 0..5));
    (kind, any::<u64>(), any::<u64>(), content).prop_map(|(kind, seq, ack, (head, body, parts))| Frame {
        kind,
        seq,
        ack,
        head,
        body,
        parts,
    })
}

fn encode(frame: &Frame) -> BytesMut {
    let mut out = BytesMut::new();
    encode_into(frame, &mut out).unwrap();
    out
}

#[track_caller]
fn check_refused(header: &[u8], want: FrameError) {
    let mut decoder = FrameDecoder::default();
    let mut bytes = BytesMut::from(header);
    assert_eq!(decoder.feed(&mut bytes), Err(want.clone()));
    assert_eq!(decoder.feed(&mut BytesMut::from(&[0; 64][..])), Err(want.clone()), "it is final");
    assert_eq!(decoder.end(&[]), Err(want));
}

/// A header with the given counts and lengths, and the lengths of the parts.
fn header(parts: u16, head: u32, body: u32, lengths: &[u32]) -> Vec<u8> {
    let mut out = vec![FrameKind::Data as u8, 0];
    out.put_u16_le(parts);
    out.put_u32_le(head);
    out.put_u32_le(body);
    out.put_u128_le(0);
    lengths.iter().for_each(|len| out.put_u32_le(*len));
    out
}

proptest! {
    #[test]
    fn frames_survive_any_split(frames in prop::collection::vec(frame(), 1..5), cuts in prop::collection::vec(1..40_usize, 1..200)) {
        let mut wire = BytesMut::new();
        for frame in &frames {
            encode_into(frame, &mut wire).unwrap();
        }
        let (mut decoder, mut buffer, mut got) = (FrameDecoder::default(), BytesMut::new(), Vec::new());
        let mut cuts = cuts.iter().cycle();
        while !wire.is_empty() {
            let len = (*cuts.next().unwrap()).min(wire.len());
            buffer.extend_from_slice(&wire.split_to(len));
            while let Some(frame) = decoder.feed(&mut buffer).unwrap() {
                got.push(frame);
            }
            prop_assert!(decoder.wanted(buffer.len()) <= RESERVE_MAX);
        }
        prop_assert_eq!(decoder.end(&buffer), Ok(()));
        prop_assert_eq!(got, frames);
    }

    #[test]
    fn a_cut_frame_is_truncated(frame in frame(), at in any::<prop::sample::Index>()) {
        let wire = encode(&frame);
        let mut buffer = BytesMut::from(&wire[..at.index(wire.len())]);
        let had = buffer.len();
        let mut decoder = FrameDecoder::default();
        prop_assert_eq!(decoder.feed(&mut buffer), Ok(None));
        let want = if had == 0 { Ok(()) } else { Err(FrameError::Truncated { len: had as u64 }) };
        prop_assert_eq!(decoder.end(&buffer), want);
    }

    #[test]
    fn random_bytes_never_panic(mut noise in prop::collection::vec(any::<u8>(), 0..300), kind in 0..8_u8) {
        if let [first, second, ..] = &mut noise[..] {
            (*first, *second) = (kind, 0);
        }
        let (mut decoder, mut buffer) = (FrameDecoder::default(), BytesMut::from(&noise[..]));
        while let Ok(Some(_)) = decoder.feed(&mut buffer) {}
        let _ = decoder.end(&buffer);
    }
}

#[test]
fn a_length_over_its_bound_is_refused_before_it_is_waited_for() {
    let head = u32::try_from(HEAD_LEN_MAX).unwrap() + 1;
    check_refused(&header(0, head, 0, &[]), FrameError::HeadTooLarge { len: head.into() });
    let body = u32::try_from(BODY_LEN_MAX).unwrap() + 1;
    let max = BODY_LEN_MAX as u64;
    check_refused(&header(0, 0, body, &[]), FrameError::BodyTooLarge { len: body.into(), max });
    check_refused(&header(1025, 0, 0, &[]), FrameError::TooManyParts { count: 1025 });
    let lengths = [u32::try_from(PARTS_LEN_MAX).unwrap(), 1];
    check_refused(&header(2, 0, 0, &lengths), FrameError::PartsTooLarge { len: PARTS_LEN_MAX as u64 + 1 });
}

#[test]
fn a_decoder_may_allow_less_than_the_bound() {
    let mut decoder = FrameDecoder::new(10);
    let error = decoder.feed(&mut BytesMut::from(&header(0, 0, 11, &[])[..]));
    assert_eq!(error, Err(FrameError::BodyTooLarge { len: 11, max: 10 }));
}

#[test]
fn an_unknown_kind_is_refused_at_its_first_byte() {
    check_refused(b"G", FrameError::UnknownKind { kind: 0x47 });
    check_refused(&[3, 1], FrameError::UnknownKind { kind: 0x103 });
}

#[test]
fn what_is_too_large_is_not_encoded() {
    let mut out = BytesMut::new();
    let head = Bytes::from(vec![0; HEAD_LEN_MAX + 1]);
    let frame = Frame { head, ..Frame::new(FrameKind::Data) };
    assert_eq!(encode_into(&frame, &mut out), Err(FrameError::HeadTooLarge { len: HEAD_LEN_MAX as u64 + 1 }));
    let frame = Frame { parts: vec![Bytes::new(); PARTS_MAX + 1], ..Frame::new(FrameKind::Data) };
    assert_eq!(encode_into(&frame, &mut out), Err(FrameError::TooManyParts { count: PARTS_MAX as u64 + 1 }));
    assert!(out.is_empty());
}

#[test]
fn a_large_section_is_asked_for_a_little_at_a_time() {
    let mut decoder = FrameDecoder::default();
    let mut buffer = BytesMut::from(&header(0, 0, 10 << 20, &[])[..]);
    assert_eq!(decoder.feed(&mut buffer), Ok(None));
    assert_eq!(decoder.wanted(0), RESERVE_MAX);
    assert_eq!(decoder.wanted((10 << 20) - 7), 7);
}

proptest! {
    #[test]
    fn a_data_frame_is_seen_where_it_lies(frame in frame(), cut in any::<prop::sample::Index>(), more in bytes()) {
        let mut out = BytesMut::new();
        encode_into(&frame, &mut out).unwrap();
        let len = out.len();
        out.extend_from_slice(&more);
        let seen = peek_data(&out);
        prop_assert_eq!(seen.is_some(), frame.kind == FrameKind::Data && frame.parts.is_empty());
        if let Some(DataFrame { seq, ack, head, body, len: taken }) = seen {
            prop_assert_eq!((seq, ack, taken), (frame.seq, frame.ack, len));
            prop_assert_eq!((head, body), (&frame.head[..], &frame.body[..]));
        }
        prop_assert_eq!(peek_data(&out[..cut.index(len)]), None);
        let _ = ChunkFrame::take(&mut out);
    }

    #[test]
    fn the_beginning_of_a_chunk_survives(
        (seq, ack, stream, section, total) in any::<(u64, u64, u32, u16, u32)>(),
        len in 1..1000_usize,
    ) {
        let chunk = ChunkFrame { seq, ack, stream, section, total, len };
        let mut out = BytesMut::new();
        chunk.encode_into(&mut out).unwrap();
        prop_assert_eq!(out.len(), ChunkFrame::BEGIN_LEN);
        prop_assert!(ChunkFrame::begins(&out));
        prop_assert_eq!(ChunkFrame::take(&mut out.clone().split_to(out.len() - 1)), Ok(None));
        prop_assert_eq!(ChunkFrame::take(&mut out), Ok(Some(chunk)));
        prop_assert_eq!(decode_beside(encode_beside(stream, section.into())), Some((stream, section.into())));
    }
}
