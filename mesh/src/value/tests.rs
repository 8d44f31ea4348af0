use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::extent;
use crate::shape::Region;
use crate::wire::codec::Payload;

fn workers(count: usize) -> Region {
    Region::whole(&extent!(workers = count))
}

fn mesh_of<T>(values: Vec<T>) -> ValueMesh<T> {
    ValueMesh::new(workers(values.len()), values).expect("one value per rank")
}

#[test]
fn there_is_one_value_per_rank() {
    let error = ValueMesh::new(workers(3), vec![1, 2]).unwrap_err();
    assert_eq!(error.to_string(), "2 values for the 3 ranks of [workers=3]");
    let mesh = ValueMesh::new(workers(2), vec!["a", "b"]).unwrap();
    assert_eq!((mesh.len(), mesh.is_empty(), mesh.region()), (2, false, &workers(2)));
    assert_eq!((mesh.get(1), mesh.get(2), mesh[0]), (Some(&"b"), None, "a"));
    assert_eq!(mesh, ValueMesh::from_fn(workers(2), |rank| ["a", "b"][rank]));
    assert_ne!(mesh, ValueMesh::new(Region::whole(&extent!(hosts = 2)), vec!["a", "b"]).unwrap());
}

#[test]
#[should_panic(expected = "rank 2 is not one of the 2 ranks of [workers=2]")]
fn indexing_beyond_the_ranks_panics() {
    let _ = mesh_of(vec![1, 2])[2];
}

#[test]
fn values_come_in_rank_order() {
    let region = Region::whole(&extent!(hosts = 2, gpus = 2)).try_slice(("hosts", 1)).unwrap();
    let mesh = ValueMesh::new(region, vec![10, 20]).unwrap();
    let texts: Vec<_> = mesh.iter().map(|(point, value)| format!("{point}: {value}")).collect();
    assert_eq!(texts, ["hosts=0, gpus=0: 10", "hosts=0, gpus=1: 20"]);
    assert_eq!(mesh.values(), [10, 20]);
    assert_eq!((&mesh).into_iter().copied().collect::<Vec<_>>(), [10, 20]);
    assert_eq!(mesh.clone().into_iter().sum::<i32>(), 30);
    assert_eq!(mesh.clone().map(|value| value + 1).into_values(), [11, 21]);
    assert_eq!(mesh.clone().map(|_| ()).region(), mesh.region());
}

#[test]
fn results_are_transposed_to_the_first_error() {
    assert_eq!(mesh_of(vec![Ok::<_, &str>(1), Ok(2)]).transpose(), Ok(mesh_of(vec![1, 2])));
    assert_eq!(mesh_of(vec![Ok(1), Err("b"), Err("c")]).transpose(), Err("b"));
}

#[test]
fn a_value_mesh_prints_runs() {
    #[track_caller]
    fn check(values: Vec<i32>, want: &str) {
        assert_eq!(mesh_of(values).to_string(), want);
    }
    check(vec![13; 4], "[13 ×4]");
    check(vec![1, 2, 2, 2, 7], "[1, 2 ×3, 7]");
    check(vec![5], "[5]");
    check(vec![1; 10_000], "[1 ×10,000]");
    check((0..32).collect(), &format!("{:?}", (0..32).collect::<Vec<_>>()));
    let first: Vec<_> = (0..32).map(|i| i.to_string()).collect();
    check((0..10_000).collect(), &format!("[{}, … 9,968 more]", first.join(", ")));
    check(vec![0; 1_234_567], "[0 ×1,234,567]");
    // So does what has no text of its own.
    let debug = format!("{:?}", mesh_of([vec![Some("a")], vec![None; 9_999]].concat()));
    assert_eq!(debug, "ValueMesh { region: [workers=10000] +0 by [1], values: [Some(\"a\"), None ×9,999] }");
    assert!(format!("{:#?}", mesh_of(vec![1, 1])).contains("1,\n        1,"));
    assert_eq!(format!("{:.1}", mesh_of(vec![0.51, 0.52, 2.0])), "[0.5 ×2, 2.0]");
    assert_eq!(ValueMesh::<i32>::new(workers(0), Vec::new()).unwrap().to_string(), "[]");
}

#[test]
fn a_value_mesh_survives_the_wire_and_is_checked() {
    let mesh = mesh_of(vec![Some("a".to_owned()), None]);
    assert_eq!(Payload::of(&mesh).unwrap().get::<ValueMesh<Option<String>>>().unwrap(), mesh);
    let short = Payload::of(&(workers(3), vec![(1_u32, 1_u64), (1, 2)])).unwrap();
    let error = short.get::<ValueMesh<u64>>().unwrap_err();
    assert!(error.to_string().contains("2 values for the 3 ranks of [workers=3]"), "{error}");
    for run in [0, 4, u32::MAX] {
        let wrong = Payload::of(&(workers(3), vec![(run, 1_u64)])).unwrap();
        assert!(wrong.get::<ValueMesh<u64>>().is_err(), "a run of {run}");
    }
    let long = u32::try_from(VALUES_LEN_MAX + 1).unwrap();
    let long = Payload::of(&(workers(VALUES_LEN_MAX + 1), vec![(long, ())])).unwrap();
    assert!(long.get::<ValueMesh<()>>().is_err());
}

#[test]
fn ten_thousand_equal_statuses_are_one_run() {
    let mut mesh = StatusMesh::placeholder(workers(10_000));
    for rank in (0..10_000).rev() {
        mesh.apply(&StatusOverlay::single(rank, Status::Running));
        assert!(mesh.runs().count() <= 2);
    }
    assert_eq!(mesh.runs().collect::<Vec<_>>(), [(0..10_000, &Status::Running)]);
    assert_eq!(mesh.to_string(), "[running ×10,000]");
    let wire = Payload::of(&mesh).unwrap();
    assert!(wire.len_bytes() < 64, "{} bytes", wire.len_bytes());
    assert_eq!(wire.get::<StatusMesh>().unwrap().runs().count(), 1);
    let each = ValueMesh::new(workers(10_000), vec![Status::Running; 10_000]).unwrap();
    assert_eq!(each, mesh);
    assert_eq!(each.collapse().runs().count(), 1);
    let hash = |mesh: &StatusMesh| {
        use std::hash::{BuildHasher, BuildHasherDefault};
        BuildHasherDefault::<rustc_hash::FxHasher>::default().hash_one(mesh)
    };
    *mesh.get_mut(7).unwrap() = Status::Stopped;
    assert_eq!(mesh.to_string(), "[running ×7, stopped, running ×9,992]");
    *mesh.get_mut(7).unwrap() = Status::Running;
    assert_eq!((mesh.runs().count(), mesh.clone().map_runs(Status::clone).runs().count()), (3, 1));
    assert_eq!((&mesh, hash(&mesh)), (&mesh.map_runs(Status::clone), hash(&mesh.map_runs(Status::clone))));
}

fn statuses() -> Vec<Status> {
    vec![
        Status::NotExist,
        Status::Initializing,
        Status::Running,
        Status::Stopping,
        Status::Stopped,
        Status::failed("it broke"),
        Status::Timeout,
        Status::Unknown,
    ]
}

#[test]
fn statuses_are_ordered_by_class() {
    for pair in statuses().windows(2) {
        assert!(pair[0] < pair[1] && pair[0].class() < pair[1].class(), "{pair:?}");
    }
    assert_eq!(Status::failed("a").class(), Status::failed("b").class());
    let terminal: Vec<_> = statuses().into_iter().filter(Status::is_terminal).collect();
    assert_eq!(terminal, [Status::Stopped, Status::failed("it broke")]);
}

#[test]
fn statuses_print() {
    let texts: Vec<_> = statuses().iter().map(|status| status.to_string()).collect();
    let want = "does not exist, initializing, running, stopping, stopped, failed: it broke, timeout, unknown";
    assert_eq!(texts.join(", "), want);
}

#[test]
fn a_child_never_looks_healthier_than_its_parent() {
    let lost = Status::failed("the host is gone");
    assert_eq!(Status::Running.clamp_min(lost.clone()), lost);
    assert_eq!(Status::Running.clamp_min(Status::Initializing), Status::Running);
    assert_eq!(Status::failed("own").clamp_min(lost), Status::failed("own"));
}

#[test]
fn an_overlay_fills_a_status_mesh() {
    let mut mesh = StatusMesh::placeholder(workers(3));
    assert!(mesh.all(|status| *status == Status::NotExist));
    let mut overlay = StatusOverlay::single(2, Status::Running);
    overlay.merge(StatusOverlay::single(0, Status::Running));
    overlay.merge(StatusOverlay::single(3, Status::Running));
    assert_eq!(mesh.apply(&overlay), 1);
    assert_eq!(mesh.to_string(), "[running, does not exist, running]");
    assert!(!mesh.all(|status| status.class() >= StatusClass::Running));
    assert_eq!(mesh.apply(&StatusOverlay::single(1, Status::failed("x"))), 0);
    assert!(mesh.all(|status| status.class() >= StatusClass::Running));
}

#[test]
fn an_overlay_is_checked_when_decoded() {
    #[track_caller]
    fn check(entries: &[(u32, Status)], want: Option<&str>) {
        let wire: Vec<_> = entries.iter().map(|(rank, status)| (*rank, rank + 1, status.clone())).collect();
        let decoded = Payload::of(&wire).unwrap().get::<StatusOverlay>();
        match want {
            None => {
                let decoded = decoded.unwrap();
                let got: Vec<_> = decoded.entries().map(|(rank, status)| (rank, status.clone())).collect();
                assert_eq!(got, entries);
            }
            Some(want) => assert!(decoded.unwrap_err().to_string().contains(want)),
        }
    }
    check(&[], None);
    check(&[(0, Status::Running), (7, Status::failed("x"))], None);
    check(&[(7, Status::Running), (0, Status::Running)], Some("not ascending at rank 0"));
    check(&[(7, Status::Running), (7, Status::Running)], Some("not ascending at rank 7"));
    let long: Vec<_> =
        (0..=u32::try_from(OVERLAY_LEN_MAX).unwrap()).map(|rank| (rank, rank + 1, Status::Running)).collect();
    let long = Payload::of(&long).unwrap().get::<StatusOverlay>();
    assert!(long.unwrap_err().to_string().contains("at most 1048576"));
}

fn entries() -> impl Strategy<Value = Vec<(u32, Status)>> {
    prop::collection::vec((0_u32..20, prop::sample::select(statuses())), 0..20)
}

proptest! {
    #[test]
    fn the_right_overlay_wins(left in entries(), right in entries()) {
        let mut overlay: StatusOverlay = left.iter().cloned().collect();
        overlay.merge(right.iter().cloned().collect());
        let want: BTreeMap<u32, Status> = left.into_iter().chain(right).collect();
        prop_assert_eq!(overlay.len(), want.len());
        for rank in 0..21 {
            prop_assert_eq!(overlay.get(rank), want.get(&rank));
        }
        prop_assert_eq!(&Payload::of(&overlay).unwrap().get::<StatusOverlay>().unwrap(), &overlay);
        let entries = overlay.entries().map(|(rank, status)| (rank, status.clone()));
        prop_assert_eq!(entries.collect::<BTreeMap<_, _>>(), want);
        // VALUE-3: what is equal is one run, so equal overlays are equal as stored.
        let runs: Vec<_> = overlay.runs().collect();
        prop_assert!(runs.windows(2).all(|two| two[0].0.end < two[1].0.start || two[0].1 != two[1].1), "{runs:?}");
    }

    #[test]
    fn the_newest_is_kept_in_whatever_order_it_comes(
        told in prop::collection::vec((0_u32..12, 1_u32..6, 0_u32..3, 0_u64..4), 0..20),
        seed in any::<u64>(),
    ) {
        let standing = |epoch: u32, generation: u64| {
            // What is as new is the same.
            let which = u64::from(epoch) * 4 + generation;
            let status = statuses().into_iter().cycle().nth(usize::try_from(which).unwrap()).unwrap();
            Standing { status, epoch, generation, returns: 0, details: which % 3 }
        };
        let overlay = |(start, len, epoch, generation): &(u32, u32, u32, u64)| {
            Overlay::uniform(*start..start + len, standing(*epoch, *generation))
        };
        let newest = |rank: u32| {
            let of_rank = told.iter().filter(|(start, len, ..)| (*start..start + len).contains(&rank));
            of_rank.map(|(.., epoch, generation)| (*epoch, *generation)).max()
        };
        let mut order: Vec<_> = told.iter().map(overlay).collect();
        let mut rng = fastrand::Rng::with_seed(seed);
        rng.shuffle(&mut order);
        // Merged in any grouping, too.
        while order.len() > 1 {
            let right = order.remove(rng.usize(1..order.len()));
            let left = rng.usize(..order.len());
            let merged = crate::reduce::Reducer::reduce(&crate::reduce::Merge, order[left].clone(), right);
            order[left] = merged;
        }
        let merged = order.pop().unwrap_or_default();
        for rank in 0..18 {
            let got = merged.get(rank).map(|standing| (standing.epoch, standing.generation));
            prop_assert_eq!(got, newest(rank));
        }
        let runs: Vec<_> = merged.runs().collect();
        prop_assert!(runs.windows(2).all(|two| two[0].0.end < two[1].0.start || two[0].1 != two[1].1), "{runs:?}");
        prop_assert_eq!(&Payload::of(&merged).unwrap().get::<StandingOverlay<u64>>().unwrap(), &merged);
        let mesh = merged.to_mesh(&workers(10));
        prop_assert!((0..10).all(|rank| mesh[rank].as_ref() == merged.get(u32::try_from(rank).unwrap())));
        prop_assert!(mesh.runs().zip(mesh.runs().skip(1)).all(|(one, next)| one.1 != next.1));
    }

    /// Even of what is as new and not the same, which no agent says.
    #[test]
    fn the_merge_of_the_newest_is_associative(told in prop::collection::vec(
        prop::collection::vec((0_u32..12, 1_u32..6, 0_u32..2, 0_u64..3, any::<bool>()), 0..6), 3,
    )) {
        let reduce = |left, right| crate::reduce::Reducer::reduce(&crate::reduce::Merge, left, right);
        let [one, two, three] = &told[..] else { unreachable!("there are three") };
        let [one, two, three] = [one, two, three].map(|told| {
            let each = told.iter().map(|(start, len, epoch, generation, details)| {
                let (epoch, generation, details) = (*epoch, *generation, *details);
                let standing = Standing { status: Status::Running, epoch, generation, returns: 0, details };
                Overlay::uniform(*start..start + len, standing)
            });
            each.fold(Overlay::new(), reduce)
        });
        let left = reduce(reduce(one.clone(), two.clone()), three.clone());
        prop_assert_eq!(left, reduce(one, reduce(two, three)));
    }

    #[test]
    fn meshes_are_joined_by_runs(
        ones in prop::collection::vec(0_u8..3, 1..20),
        cut in 0_usize..20,
        (start, end) in (0_usize..22, 0_usize..22),
        collapsed in any::<bool>(),
    ) {
        let one = mesh_of(ones.clone());
        let one = if collapsed { one.collapse() } else { one };
        let mut other = ValueMesh::uniform(workers(ones.len()), 0_u8);
        other.set(cut..ones.len(), 1);
        let joined = one.zip_runs(&other, |one, other| (*one, *other));
        let want: Vec<_> = ones.iter().enumerate().map(|(rank, one)| (*one, u8::from(rank >= cut))).collect();
        prop_assert_eq!(joined.values(), &want[..]);
        let within: Vec<(usize, u8)> =
            one.runs_in(start..end).flat_map(|(ranks, value)| ranks.map(move |rank| (rank, *value))).collect();
        let all = ones.iter().copied().enumerate();
        prop_assert_eq!(within, all.filter(|(rank, _)| (start..end).contains(rank)).collect::<Vec<_>>());
    }

    #[test]
    fn a_mesh_of_runs_is_as_one_of_values(
        len in 1_usize..12,
        changes in prop::collection::vec((0_usize..14, 0_usize..14, 0_u8..3), 0..12),
        changed in prop::collection::vec((0_usize..14, 0_u8..3), 0..4),
    ) {
        let mut runs = ValueMesh::uniform(workers(len), 0_u8);
        let mut each = ValueMesh::new(workers(len), vec![0_u8; len]).unwrap();
        for (start, end, value) in changes {
            runs.set(start..end, value);
            each.set(start..end, value);
            prop_assert!(runs.runs().zip(runs.runs().skip(1)).all(|(one, next)| one.1 != next.1));
        }
        for (rank, value) in changed {
            prop_assert_eq!(runs.get_mut(rank).map(|place| *place = value), each.get_mut(rank).map(|place| *place = value));
        }
        prop_assert_eq!(&runs, &each);
        prop_assert_eq!(runs.values(), each.values());
        prop_assert_eq!(runs.to_string(), each.to_string());
        prop_assert_eq!(format!("{runs:?}"), format!("{each:?}"));
        prop_assert_eq!(&Payload::of(&runs).unwrap().get::<ValueMesh<u8>>().unwrap(), &each);
        prop_assert_eq!(&Payload::of(&each).unwrap().get::<ValueMesh<u8>>().unwrap(), &each);
        for rank in 0..14 {
            prop_assert_eq!(runs.get(rank), each.get(rank));
        }
        prop_assert_eq!(runs.iter().rev().count(), len);
        prop_assert_eq!(runs.into_values(), each.into_values());
    }

    #[test]
    fn bytes_from_outside_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let payload = Payload { body: bytes.into(), parts: Vec::new() };
        let _ = payload.get::<StatusOverlay>();
        let _ = payload.get::<ValueMesh<()>>();
        let _ = payload.get::<StatusMesh>();
    }
}
