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
    let encoder = Encoder { parts: vec![Bytes::new(); PARTS_MAX + 1], ..Encoder::default() };
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
    assert!(Payload::of(&list[..BODY_LEN_MAX / 16]).unwrap().get::<Vec<u64>>().is_ok());
}
