use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Unit,
    Tuple(i64, String),
    Struct { flag: bool, list: Vec<u32>, maybe: Option<Box<Shape>> },
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![Just(Shape::Unit), (any::<i64>(), ".*").prop_map(|(n, s)| Shape::Tuple(n, s))];
    leaf.prop_recursive(4, 8, 1, |inner| {
        (any::<bool>(), prop::collection::vec(any::<u32>(), 0..9), prop::option::of(inner))
            .prop_map(|(flag, list, maybe)| Shape::Struct { flag, list, maybe: maybe.map(Box::new) })
    })
}

proptest! {
    #[test]
    fn values_survive_one_after_the_other(values in prop::collection::vec(shape(), 0..5)) {
        let mut encoder = Encoder::default();
        for value in &values {
            encoder.put(value).unwrap();
        }
        let payload = encoder.finish().unwrap();
        let mut decoder = Decoder::new(&payload);
        for value in &values {
            prop_assert_eq!(&decoder.get::<Shape>().unwrap(), value);
        }
        prop_assert_eq!(decoder.finish(), Ok(()));
    }

    #[test]
    fn a_cut_value_is_an_error(value in shape(), at in any::<prop::sample::Index>()) {
        let payload = Payload::of(&value).unwrap();
        let body = payload.body.slice(..at.index(payload.body.len()));
        let cut = Payload { body, parts: Vec::new() };
        prop_assert!(cut.get::<Shape>().is_err());
    }

    #[test]
    fn random_bytes_never_panic(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let payload = Payload { body: noise.into(), parts: Vec::new() };
        let _ = payload.get::<Shape>();
        let _ = payload.get::<Vec<(String, Vec<u8>, char)>>();
    }
}

#[test]
fn bytes_left_over_are_an_error() {
    let payload = Payload::of(&(1_u8, 2_u8)).unwrap();
    assert_eq!(payload.get::<u8>(), Err(DecodeError::Trailing { count: 1 }));
}

#[test]
fn an_announced_length_is_bounded_before_it_is_allocated() {
    // A varint of eight bytes: a string, and a list, of 2⁶² elements.
    let mut body = vec![253];
    body.extend_from_slice(&(1_u64 << 62).to_le_bytes());
    let payload = Payload { body: body.into(), parts: Vec::new() };
    assert!(payload.get::<String>().is_err());
    assert!(payload.get::<Vec<u64>>().is_err());
    assert!(payload.get::<Vec<()>>().is_err(), "elements that take no bytes do not keep the decoder busy");
}

/// A list of lists, as `depth` bytes after which nothing comes.
#[derive(Debug, Deserialize)]
struct Lists(#[expect(dead_code, reason = "it is decoded, not read")] Vec<Lists>);

#[test]
fn a_value_may_not_nest_too_deep() {
    let decode = |depth| {
        let mut body = vec![1; depth];
        body.push(0);
        Payload { body: body.into(), parts: Vec::new() }.get::<Lists>()
    };
    // Each level is a newtype and a list.
    assert!(decode(DEPTH_MAX as usize / 2 - 1).is_ok());
    for depth in [DEPTH_MAX as usize / 2, 1 << 20] {
        let error = decode(depth).unwrap_err().to_string();
        assert!(error.contains("deeper than 128 levels"), "{error}");
    }
}

#[test]
fn what_is_too_large_is_not_encoded() {
    let large = "x".repeat(BODY_LEN_MAX);
    // A length of this size takes five bytes.
    let error = EncodeError::TooLarge { len_bytes: BODY_LEN_MAX + 5 };
    let told = CallErrorKind::TooLarge { len_bytes: BODY_LEN_MAX as u64 + 5, max_bytes: BODY_LEN_MAX as u64 };
    assert_eq!(error.call_error(), told);
    assert_eq!(Payload::of(&large), Err(error));
    let encoder = Encoder { parts: vec![Bytes::new(); PARTS_MAX + 1].into(), ..Encoder::default() };
    assert_eq!(encoder.finish(), Err(EncodeError::TooManyParts { count: PARTS_MAX + 1 }));
}

/// Says how much memory is asked for before the first element is there.
struct Asked(usize);

impl<'de> serde::Deserialize<'de> for Asked {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Asked, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Asked;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, access: A) -> Result<Asked, A::Error> {
                Ok(Asked(access.size_hint().unwrap_or_default()))
            }
        }
        deserializer.deserialize_seq(Visitor)
    }
}

#[test]
fn a_length_is_not_believed_before_its_bytes_are_there() {
    // Five bytes that announce almost as much as a body may have.
    let announced = Payload::of(&(BODY_LEN_MAX as u64 - 9)).unwrap().body;
    let asked = Decoder::of_bytes(&announced).get::<Asked>().unwrap();
    assert!(asked.0 <= 1024, "room for {} elements", asked.0);
    let payload = Payload { body: announced, parts: Vec::new() };
    // These are told by the bytes that are there, before anything is allocated.
    let error = payload.get::<String>().unwrap_err().to_string();
    assert!(error.contains("UnexpectedEnd"), "{error}");
    assert!(payload.get::<Bytes>().is_err());
}

#[test]
fn what_would_take_too_much_room_decoded_is_an_error() {
    // Small numbers take a byte each on the wire, and eight when they are decoded.
    let list = vec![1_u64; BODY_LEN_MAX / 8 + 1];
    let payload = Payload::of(&list).unwrap();
    assert!(matches!(payload.get::<Vec<u64>>(), Err(DecodeError::Value { .. })));
    assert!(Payload::of(&list[..BODY_LEN_MAX / 16].to_vec()).unwrap().get::<Vec<u64>>().is_ok());
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Tree {
    Leaf(Part),
    Node { name: String, below: Vec<Tree>, extra: Option<Part> },
}

fn tree() -> impl Strategy<Value = Tree> {
    let part = || {
        (prop_oneof![0..8_usize, BESIDE_LEN_MIN - 1..BESIDE_LEN_MIN + 2], any::<u8>())
            .prop_map(|(len, byte)| Part::from(vec![byte; len]))
    };
    part().prop_map(Tree::Leaf).prop_recursive(4, 24, 4, move |inner| {
        (".*", prop::collection::vec(inner, 0..4), prop::option::of(part()))
            .prop_map(|(name, below, extra)| Tree::Node { name, below, extra })
    })
}

/// Where the bytes of every part lie, in order.
fn places(tree: &Tree) -> Vec<(*const u8, usize)> {
    let place = |part: &Part| (part.as_ptr(), part.len());
    match tree {
        Tree::Leaf(part) => vec![place(part)],
        Tree::Node { below, extra, .. } => {
            below.iter().flat_map(places).chain(extra.as_ref().map(place)).collect()
        }
    }
}

proptest! {
    #[test]
    fn parts_anywhere_in_a_value_come_back_where_they_lay(trees in prop::collection::vec(tree(), 0..4)) {
        let mut encoder = Encoder::default();
        for tree in &trees {
            encoder.put(tree).unwrap();
        }
        let payload = encoder.finish().unwrap();
        let large: Vec<_> =
            trees.iter().flat_map(places).filter(|(_, len)| *len >= BESIDE_LEN_MIN).collect();
        let beside: Vec<_> = payload.parts.iter().map(|part| (part.as_ptr(), part.len())).collect();
        prop_assert_eq!(&beside, &large, "beside, in order, uncopied");
        let mut decoder = Decoder::new(&payload);
        let mut back = Vec::new();
        for tree in &trees {
            back.push(decoder.get::<Tree>().unwrap());
            prop_assert_eq!(back.last().unwrap(), tree);
        }
        prop_assert_eq!(decoder.finish(), Ok(()));
        let decoded: Vec<_> = back.iter().flat_map(places).filter(|(_, len)| *len >= BESIDE_LEN_MIN).collect();
        prop_assert_eq!(decoded, large, "uncopied");
    }

    #[test]
    fn parts_beside_noise_never_panic(
        noise in prop::collection::vec(prop_oneof![any::<u8>(), 0..4_u8], 0..100),
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..4),
    ) {
        let payload = Payload { body: noise.into(), parts: parts.into_iter().map(Bytes::from).collect() };
        let _ = payload.get::<Tree>();
        let _ = payload.get::<Bytes>();
        let _ = payload.get::<Vec<Part>>();
    }
}

#[test]
fn a_part_that_is_missing_or_taken_twice_or_left_over_is_an_error() {
    let large = Part::from(vec![7; BESIDE_LEN_MIN]);
    let payload = Payload::of(&(large.clone(), large)).unwrap();
    assert_eq!(payload.parts.len(), 2);
    let with = |body: &[u8], count| Payload {
        body: Bytes::copy_from_slice(body),
        parts: payload.parts.iter().take(count).cloned().collect(),
    };
    let missing = with(&payload.body, 1).get::<(Part, Part)>();
    assert!(missing.unwrap_err().to_string().contains("there is no part 1"));
    // Variant 1, part 0; twice.
    let twice = with(&[1, 0, 1, 0], 2).get::<(Part, Part)>();
    assert!(twice.unwrap_err().to_string().contains("there is no part 0"));
    let left = with(&[1, 0], 2).get::<Part>();
    assert_eq!(left, Err(DecodeError::TrailingParts { count: 1 }));
    assert_eq!(with(&[1, 0], 1).get::<Part>().unwrap(), vec![7; BESIDE_LEN_MIN].into());
}

#[test]
fn bytes_alone_travel_beside_and_other_formats_have_the_bytes() {
    let bytes = Bytes::from(vec![3; 1 << 20]);
    let payload = Payload::of(&bytes).unwrap();
    assert_eq!(payload.parts[0].as_ptr(), bytes.as_ptr());
    assert!(payload.body.len() < 8);
    assert_eq!(payload.get::<Bytes>().unwrap().as_ptr(), bytes.as_ptr());
    // A format for people, as all of serde's own are.
    let plain = serde::de::value::BytesDeserializer::<serde::de::value::Error>::new(&[1, 2]);
    assert_eq!(Part::deserialize(plain).unwrap(), vec![1, 2].into());
}

#[test]
fn more_parts_than_can_travel_beside_are_inline() {
    let part = Part::from(vec![1; BESIDE_LEN_MIN]);
    let many: Vec<Part> = vec![part; PARTS_MAX + 10];
    let payload = Payload::of(&many).unwrap();
    assert_eq!(payload.parts.len(), PARTS_MAX);
    assert_eq!(payload.get::<Vec<Part>>().unwrap(), many);
}

#[test]
fn what_a_serialize_encodes_meanwhile_is_apart_and_a_panic_leaves_no_trace() {
    struct Nested(Part);
    impl Serialize for Nested {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let own = Payload::of(&self.0).expect("it encodes");
            assert_eq!(own.parts.len(), 1);
            assert!(!self.0.is_empty(), "as the test wants it");
            self.0.serialize(serializer)
        }
    }
    let payload = Payload::of(&Nested(vec![1; BESIDE_LEN_MIN].into())).unwrap();
    assert_eq!(payload.parts.len(), 1);
    let mut encoder = Encoder::without_parts();
    assert!(std::panic::catch_unwind(|| Payload::of(&Nested(Part::default()))).is_err());
    encoder.put(&Part::from(vec![1; BESIDE_LEN_MIN])).unwrap();
    assert!(encoder.finish().unwrap().parts.is_empty(), "no sink was left behind");
}
