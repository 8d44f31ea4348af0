#![expect(clippy::disallowed_types, reason = "users' replies may be hash maps")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Debug;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::extent;
use crate::shape::Region;
use crate::value::{Overlay, Status, StatusOverlay, ValueMesh};

#[track_caller]
fn check<T: PartialEq + Debug, const N: usize>(reducer: impl Reducer<T>, values: [T; N], want: T) {
    assert_eq!(fold(&reducer, values), Some(want));
}

#[test]
fn sum_adds_and_saturates() {
    check(Sum, [1, 2, 3], 6_i64);
    check(Sum, [250_u8, 10], 255);
    check(Sum, [-100_i8, -100], -128);
    check(Sum, [0.5_f64, 0.25], 0.75);
    check(Sum, [0.5_f32, 0.25], 0.75);
    check(Sum, [Duration::from_millis(1), Duration::from_millis(2)], Duration::from_millis(3));
    check(Sum, [Duration::MAX, Duration::MAX], Duration::MAX);
}

#[test]
fn max_and_min_keep_one() {
    check(Max, [1, 3, 2], 3_usize);
    check(Min, [2, 1, 3], 1_i32);
    check(Max, ["a".to_owned(), "b".to_owned()], "b".to_owned());
    check(Min, [Duration::ZERO, Duration::MAX], Duration::ZERO);
    check(Max, [false, true], true);
    check(Min, [1.5_f32, -0.0, 0.0], -0.0);
    check(Max, [(0.5, 0), (0.9, 1), (0.9, 2), (0.1, 3)], (0.9_f64, 2_u32));
    assert!(fold(&Max, [1.0, f64::NAN, 2.0]).unwrap().is_nan());
    assert_eq!(fold(&Min, [f64::NAN, 2.0]), Some(2.0));
}

/// Equal by `score`, told apart by `rank`.
#[derive(PartialEq, Debug)]
struct Scored {
    score: u32,
    rank: u32,
}

impl TotalOrder for Scored {
    fn total_order(&self, other: &Scored) -> std::cmp::Ordering {
        self.score.cmp(&other.score)
    }
}

#[test]
fn of_equals_the_lowest_rank_stays() {
    let scored = || [(1, 0), (2, 1), (2, 2), (1, 3)].map(|(score, rank)| Scored { score, rank });
    check(Max, scored(), Scored { score: 2, rank: 1 });
    check(Min, scored(), Scored { score: 1, rank: 0 });
}

#[test]
fn concat_joins_in_rank_order() {
    check(Concat, [vec![3], vec![], vec![1, 2]], vec![3, 1, 2]);
    check(Concat, ["b".to_owned(), "a".to_owned()], "ba".to_owned());
}

#[test]
fn merge_adds_values_and_unites_sets() {
    check(
        Merge,
        [BTreeMap::from([("a", 1), ("b", 1)]), BTreeMap::from([("b", 2)])],
        BTreeMap::from([("a", 1), ("b", 3)]),
    );
    check(
        Merge,
        [HashMap::from([("a", 1), ("b", 1)]), HashMap::from([("b", 2)])],
        HashMap::from([("a", 1), ("b", 3)]),
    );
    check(Merge, [BTreeSet::from([1, 2]), BTreeSet::from([2, 3])], BTreeSet::from([1, 2, 3]));
    check(Merge, [HashSet::from([1, 2]), HashSet::from([2, 3])], HashSet::from([1, 2, 3]));
    let hashed: rustc_hash::FxHashMap<u8, f64> = [(1, 0.5)].into_iter().collect();
    assert_eq!(Merge.reduce(hashed.clone(), hashed)[&1], 1.0);
    let statuses = [Status::Running, Status::Stopped].map(|status| StatusOverlay::single(4, status));
    let said = [0, 1, 2].map(|rank| Overlay::single(rank, rank / 2));
    check(Collect, said, [(0, 0), (1, 0), (2, 1)].into_iter().collect());
    check(Merge, statuses, StatusOverlay::single(4, Status::Stopped));
}

#[test]
fn results_merge_to_the_values_or_the_error_of_the_lowest_rank() {
    check(Sum, [Ok(1), Ok(2)], Ok::<i32, &str>(3));
    check(Sum, [Ok(1), Err("rank 1"), Err("rank 2"), Ok(4)], Err::<i32, &str>("rank 1"));
    check(Merge, [Ok(BTreeSet::from([1])), Ok(BTreeSet::from([2]))], Ok::<_, ()>(BTreeSet::from([1, 2])));
    check((Sum, Max), [(Ok(1), 5), (Err(()), 3)], (Err::<i32, ()>(()), 5));
}

#[test]
fn a_tuple_of_reducers_reduces_tuples() {
    check((Sum, Max), [(1, 5.0), (2, 3.0)], (3_i32, 5.0_f64));
    check((Sum, Max, Min), [(1, 1, 1), (2, 2, 2)], (3_i32, 2_u8, 1_i64));
    let values = [(1, 1, vec![1], 1), (2, 2, vec![2], 2)];
    check((Sum, Max, Concat, Min), values, (3_i32, 2_u8, vec![1, 2], 1_i64));
    check(((Sum, Sum), Max), [((1, 2), 3), ((4, 5), 6)], ((5_i32, 7_i64), 6_u8));
}

#[test]
fn a_value_mesh_folds_and_a_reducer_can_be_erased() {
    let mesh = ValueMesh::from_fn(Region::whole(&extent!(workers = 4)), |rank| rank);
    let erased: Box<dyn Reducer<usize>> = Box::new(Sum);
    assert_eq!(fold(&*erased, mesh), Some(6));
    assert_eq!(fold(&Sum, Vec::<i32>::new()), None);
}

fn check_associative<T: Clone + PartialEq + Debug>(reducer: impl Reducer<T>, [a, b, c]: [T; 3]) {
    let left = reducer.reduce(reducer.reduce(a.clone(), b.clone()), c.clone());
    let right = reducer.reduce(a, reducer.reduce(b, c));
    assert_eq!(left, right);
}

proptest! {
    #[test]
    fn numbers_reduce_associatively(
        unsigned: [u64; 3], signed: [i32; 3], bits: [u64; 3], seconds: [u64; 3], text: [String; 3],
    ) {
        check_associative(Sum, unsigned);
        check_associative(Sum, signed.map(i64::from)); // far from saturating
        check_associative(Sum, seconds.map(Duration::from_secs));
        check_associative((Max, Min), [0, 1, 2].map(|i| (signed[i], unsigned[i])));
        check_associative(Max, text.clone());
        check_associative(Min, text);
        // As bits, since NaN is not equal to itself.
        let floats = bits.map(f64::from_bits);
        let (max, min) = (|a, b| Max.reduce(a, b), |a, b| Min.reduce(a, b));
        let [a, b, c] = floats;
        prop_assert_eq!(max(max(a, b), c).to_bits(), max(a, max(b, c)).to_bits());
        prop_assert_eq!(min(min(a, b), c).to_bits(), min(a, min(b, c)).to_bits());
    }

    #[test]
    fn ties_reduce_associatively(scores in [0_u32..3, 0_u32..3, 0_u32..3]) {
        let tuples = [0, 1, 2].map(|i| (scores[i], i));
        check_associative(Max, tuples);
        check_associative(Min, tuples);
    }

    #[test]
    fn collections_reduce_associatively(
        lists: [Vec<u8>; 3], text: [String; 3], maps: [BTreeMap<u8, u32>; 3], ranks: [Vec<(u8, bool)>; 3],
    ) {
        let wide = |map: &BTreeMap<u8, u32>| map.iter().map(|(&key, &value)| (key, u64::from(value))).collect();
        let trees: [BTreeMap<u8, u64>; 3] = maps.each_ref().map(wide);
        check_associative(Merge, maps.each_ref().map(|map| map.keys().copied().collect::<BTreeSet<_>>()));
        check_associative(Merge, maps.each_ref().map(|map| map.keys().copied().collect::<HashSet<_>>()));
        check_associative(Merge, trees.clone().map(|map| map.into_iter().collect::<HashMap<_, _>>()));
        check_associative(Merge, trees);
        check_associative(Concat, lists);
        check_associative(Concat, text);
        let overlay = |entries: Vec<(u8, bool)>| -> StatusOverlay {
            let status = |runs| if runs { Status::Running } else { Status::Stopped };
            entries.into_iter().map(|(rank, runs)| (rank.into(), status(runs))).collect()
        };
        check_associative(Merge, ranks.map(overlay));
    }
}
