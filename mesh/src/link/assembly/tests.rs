use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn chunk(stream: u32, section: u16, total: u32, len: usize) -> ChunkFrame {
    ChunkFrame { seq: 1, ack: 0, stream, section, total, len }
}

fn fill(assembly: &mut Assembly, byte: u8, len: usize) {
    assert!(assembly.fill_from(&mut BytesMut::from(&vec![byte; len][..])).is_some());
}

#[test]
fn chunks_of_several_messages_come_together() {
    let mut assembly = Assembly::default();
    for (stream, section, byte) in [(1, 0, 1), (2, 1, 2), (1, 2, 3), (1, 0, 4)] {
        assembly.begin(&chunk(stream, section, 20, 10)).unwrap();
        fill(&mut assembly, byte, 10);
    }
    let first = assembly.finish(1, 4).unwrap();
    assert_eq!(first.body, [[1; 10], [4; 10]].concat());
    assert_eq!(first.parts, [Bytes::new(), Bytes::from(vec![3; 10]), Bytes::new()]);
    let second = assembly.finish(2, 2).unwrap();
    assert_eq!((second.body, second.parts), (Bytes::new(), vec![Bytes::from(vec![2; 10])]));
    assert_eq!((assembly.len, assembly.streams.len()), (0, 0));
}

#[test]
fn what_breaks_the_protocol_is_an_error() {
    #[track_caller]
    fn check(chunk: ChunkFrame, want: &str) {
        let mut assembly = Assembly::default();
        assembly.begin(&self::chunk(1, 0, 20, 10)).unwrap();
        fill(&mut assembly, 1, 10);
        let error = assembly.begin(&chunk).unwrap_err();
        assert!(error.contains(want), "{error}");
    }
    check(chunk(1, 0, 20, 0), "a chunk of 0 bytes");
    check(chunk(1, 0, u32::MAX, CHUNK_LEN + 1), "a chunk of 262145 bytes");
    check(chunk(1, 0, 20, 11), "beyond the 20 bytes");
    check(chunk(1, u16::MAX, 20, 1), "a part 65535");
    let mut assembly = Assembly::default();
    for stream in (0..).take(STREAMS_MAX) {
        assembly.begin(&chunk(stream, 0, 1, 1)).unwrap();
        fill(&mut assembly, 1, 1);
    }
    assert!(assembly.begin(&chunk(1000, 0, 1, 1)).unwrap_err().contains("large messages at once"));
    assert!(assembly.finish(1000, 1).is_err());
    assembly.len = UNFINISHED_LEN_MAX;
    assert!(assembly.begin(&chunk(0, 0, 10, 1)).unwrap_err().contains("too large"));
}

#[test]
fn a_chunk_that_was_cut_off_comes_again_as_a_whole() {
    let mut assembly = Assembly::default();
    assembly.begin(&chunk(1, 0, 20, 10)).unwrap();
    fill(&mut assembly, 1, 10);
    assembly.begin(&chunk(1, 0, 20, 10)).unwrap();
    assert!(assembly.fill_from(&mut BytesMut::from(&[9; 4][..])).is_none());
    assembly.cut();
    assembly.begin(&chunk(1, 0, 20, 10)).unwrap();
    fill(&mut assembly, 2, 10);
    assert_eq!(assembly.finish(1, 1).unwrap().body, [[1; 10], [2; 10]].concat());
    assert_eq!(assembly.len, 0);
}

proptest! {
    /// Whatever comes: memory is taken as bytes arrive, and the count of them is right.
    #[test]
    fn memory_follows_the_bytes(chunks in prop::collection::vec((0..4_u32, 0..4_u16, any::<u32>(), 0..CHUNK_LEN, any::<bool>()), 0..12)) {
        let mut assembly = Assembly::default();
        for (stream, section, total, len, whole) in chunks {
            if assembly.begin(&chunk(stream, section, total, len)).is_err() {
                continue;
            }
            if let Some((bytes, left)) = assembly.room() {
                prop_assert_eq!(left, len);
                prop_assert!(bytes.capacity() <= 2 * bytes.len() + 2 * RESERVE_MAX + CHUNK_LEN);
            }
            if whole {
                fill(&mut assembly, 1, len);
            } else {
                assembly.cut();
            }
            let held: usize = assembly.streams.values().flatten().map(Vec::len).sum();
            prop_assert_eq!(held, assembly.len);
        }
    }
}
