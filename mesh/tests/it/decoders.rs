//! Every decoder of bytes from outside on noise, on what fuzzing has found, and on both good and found bytes, changed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

#[path = "../../fuzz/decoders.rs"]
mod fuzzed;

use fuzzed::{Fuzzed, TARGETS};

use crate::links::long;

/// What is in the corpus of a target, and what it likes.
fn inputs(target: &Fuzzed) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target.name);
    let mut paths: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "the corpus of {} is kept: run `write_seeds`", target.name);
    let mut inputs = (target.seeds)();
    inputs.extend(paths.into_iter().map(|path| std::fs::read(path).unwrap()));
    inputs
}

#[track_caller]
fn check(target: &Fuzzed, input: &[u8]) {
    let ran = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    assert!(ran.is_ok(), "{} panicked on {input:?}", target.name);
}

fn changed(rng: &mut fastrand::Rng, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..rng.usize(1..4) {
        let at = rng.usize(..=bytes.len());
        match rng.u8(..6) {
            0 if at < bytes.len() => bytes[at] = rng.u8(..),
            1 if at < bytes.len() => bytes[at] ^= 1 << rng.u8(..8),
            // A length, as the codec writes large ones.
            2 => drop(
                bytes.splice(at..at, [[251, 252, 253][rng.usize(..3)], rng.u8(..), 0xff, rng.u8(..), 0xff]),
            ),
            3 => bytes.truncate(at),
            4 => bytes.insert(at, rng.u8(..)),
            _ => drop(bytes.splice(at.., other[rng.usize(..=other.len())..].iter().copied())),
        }
    }
    bytes
}

#[test]
fn no_bytes_from_outside_make_a_decoder_panic() {
    let rounds = if long() { 1_000_000 } else { 4000 };
    let mut rng = fastrand::Rng::with_seed(5);
    for target in TARGETS {
        let inputs = inputs(target);
        inputs.iter().for_each(|input| check(target, input));
        for _ in 0..rounds {
            let noise: Vec<u8> = (0..rng.usize(..64)).map(|_| rng.u8(..)).collect();
            check(target, &noise);
            let (one, other) = (rng.usize(..inputs.len()), rng.usize(..inputs.len()));
            check(target, &changed(&mut rng, &inputs[one], &inputs[other]));
        }
    }
}

/// Not a test: puts what the decoders like into the corpus, for a new one.
#[test]
#[ignore = "writes into the source tree"]
fn write_seeds() {
    for target in TARGETS {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target.name);
        std::fs::create_dir_all(&dir).unwrap();
        for (n, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(dir.join(format!("seed-{n}")), seed).unwrap();
        }
    }
}

#[test]
fn good_bytes_are_decoded() {
    // Otherwise the test above would try nothing but the first check of each decoder.
    for target in TARGETS {
        assert!((target.seeds)().iter().all(|seed| !seed.is_empty()), "{}", target.name);
        (target.seeds)().iter().for_each(|seed| check(target, seed));
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn decoders_take_anything(noise in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        TARGETS.iter().for_each(|target| check(target, &noise));
    }
}
