use proptest::prelude::*;

use super::*;
use crate::wire::codec::Payload;

/// The naive model of a region: the base ranks, and the view's sizes.
#[derive(Clone, Debug)]
struct Model {
    ranks: Vec<usize>,
    sizes: Vec<usize>,
}

impl Model {
    fn whole(sizes: &[usize]) -> Model {
        Model { ranks: (0..sizes.iter().product()).collect(), sizes: sizes.to_vec() }
    }

    fn slice(&self, dimension: usize, range: std::ops::Range<usize>) -> Model {
        let mut sizes = self.sizes.clone();
        sizes[dimension] = range.len();
        let inner: usize = self.sizes[dimension + 1..].iter().product();
        let keeps = |view: usize| range.contains(&(view / inner % self.sizes[dimension]));
        let ranks = self.ranks.iter().enumerate().filter(|(view, _)| keeps(*view)).map(|(_, &base)| base);
        Model { ranks: ranks.collect(), sizes }
    }
}

fn name(dimension: usize) -> String {
    format!("d{dimension}")
}

fn extent_of(sizes: &[usize]) -> Extent {
    Extent::new(sizes.iter().enumerate().map(|(i, &size)| (name(i), size)))
}

/// An extent, and slices by (dimension, two ends), each taken modulo what there is.
fn sliced() -> impl Strategy<Value = (Region, Model, usize)> {
    let sizes = prop::collection::vec(1_usize..5, 1..5);
    let slices = prop::collection::vec((0_usize..8, 0_usize..8, 0_usize..8), 0..4);
    (sizes, slices).prop_map(|(sizes, slices)| {
        let mut region = Region::whole(&extent_of(&sizes));
        let mut model = Model::whole(&sizes);
        for (dimension, from, len) in slices {
            let dimension = dimension % sizes.len();
            let start = from % model.sizes[dimension];
            let end = start + 1 + len % (model.sizes[dimension] - start);
            region = region.try_slice((&*name(dimension), start..end)).expect("the slice is in bounds");
            model = model.slice(dimension, start..end);
        }
        (region, model, sizes.iter().product())
    })
}

#[track_caller]
fn check_same(region: &Region, model: &Model, base_len: usize) {
    assert_eq!(region.num_ranks(), model.ranks.len());
    assert_eq!(region.base_ranks().collect::<Vec<_>>(), model.ranks);
    assert_eq!(
        region.base_ranks().rev().collect::<Vec<_>>(),
        model.ranks.iter().rev().copied().collect::<Vec<_>>()
    );
    for base in 0..base_len + 2 {
        assert_eq!(region.view_rank(base), model.ranks.iter().position(|&r| r == base), "base rank {base}");
        assert_eq!(region.contains(base), model.ranks.contains(&base));
    }
    for view in 0..model.ranks.len() + 2 {
        assert_eq!(region.base_rank(view), model.ranks.get(view).copied(), "view rank {view}");
    }
    let sizes: Vec<_> = region.extent().dims().map(|(_, size)| size).collect();
    assert_eq!(sizes, model.sizes);
}

proptest! {
    #[test]
    fn a_region_is_its_list_of_base_ranks((region, model, base_len) in sliced()) {
        check_same(&region, &model, base_len);
    }

    #[test]
    fn a_slice_by_rank_takes_these_ranks_or_says_it_is_not_flat(
        (region, model, base_len) in sliced(), start in 0_usize..700, len in 1_usize..700,
    ) {
        let start = start % region.num_ranks();
        let end = (start + len).min(region.num_ranks());
        let want = &model.ranks[start..end];
        let step = if want.len() > 1 { want[1] - want[0] } else { 1 };
        let even = want.windows(2).all(|pair| pair[1] - pair[0] == step);
        match region.try_slice(start..end) {
            Ok(slice) => {
                check_same(&slice, &Model { ranks: want.to_vec(), sizes: vec![end - start] }, base_len);
                prop_assert_eq!(slice.extent(), extent!(ranks = end - start));
            }
            Err(RegionError::NotFlat { .. }) => prop_assert!(!even || want.len() < model.ranks.len() && want.len() > 1),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn regions_overlap_when_they_share_a_base_rank((a, left, _) in sliced(), (b, right, _) in sliced()) {
        let share = left.ranks.iter().any(|rank| right.ranks.contains(rank));
        prop_assert_eq!(a.overlaps(&b), share);
        prop_assert_eq!(b.overlaps(&a), share);
        // SHAPE-3
        prop_assert_eq!(a == b, left.ranks == right.ranks && left.sizes == right.sizes);
    }

    #[test]
    fn shapes_survive_the_wire((region, _, _) in sliced()) {
        let payload = Payload::of(&region).unwrap();
        prop_assert_eq!(&payload.get::<Region>().unwrap(), &region);
        let extent = region.extent();
        prop_assert_eq!(&Payload::of(&extent).unwrap().get::<Extent>().unwrap(), &extent);
        let point = region.point(region.num_ranks() - 1).unwrap();
        prop_assert_eq!(&Payload::of(&point).unwrap().get::<Point>().unwrap(), &point);
    }

    #[test]
    fn bytes_from_outside_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let payload = Payload { body: bytes.into(), parts: Vec::new() };
        let _ = payload.get::<Extent>();
        let _ = payload.get::<Point>();
        if let Ok(region) = payload.get::<Region>() {
            let last = region.num_ranks() - 1;
            prop_assert_eq!(region.view_rank(region.base_rank(last).unwrap()), Some(last));
        }
    }

    #[test]
    fn parts_from_outside_make_a_sound_region_or_none(
        dims in prop::collection::vec((0_u64..6, prop_oneof![0_u64..40, any::<u64>()]), 0..5),
        offset in prop_oneof![0_u64..40, any::<u64>()],
    ) {
        let names: Vec<_> = dims.iter().enumerate().map(|(i, (size, _))| (name(i), *size)).collect();
        let strides: Vec<_> = dims.iter().map(|(_, stride)| *stride).collect();
        let Ok(region) = Payload::of(&(names, strides, offset)).unwrap().get::<Region>() else { return Ok(()) };
        let ranks: Vec<_> = region.base_ranks().collect();
        prop_assert!(ranks.windows(2).all(|pair| pair[0] < pair[1]), "{:?}: {:?}", region, ranks);
        for (view, &base) in ranks.iter().enumerate() {
            prop_assert_eq!(region.view_rank(base), Some(view));
        }
    }

    #[test]
    fn points_are_row_major(sizes in prop::collection::vec(1_usize..5, 1..5)) {
        let extent = extent_of(&sizes);
        let mut rank = 0;
        for point in extent.points() {
            prop_assert_eq!(point.rank(), rank);
            let back = point.coordinates().zip(&sizes).fold(0, |sum, ((_, c), size)| sum * size + c);
            prop_assert_eq!(back, rank);
            rank += 1;
        }
        prop_assert_eq!(rank, extent.num_ranks());
        prop_assert!(extent.point(rank).is_none());
    }
}

#[test]
fn an_extent_names_its_sizes() {
    let hosts = 4_u8;
    let extent = extent!(hosts = hosts, gpus = 2 * 4,);
    assert_eq!(extent.to_string(), "[hosts=4, gpus=8]");
    assert_eq!(extent.size("gpus"), Some(8));
    assert_eq!(extent.size("cpus"), None);
    assert_eq!(extent.num_ranks(), 32);
    assert_eq!(extent, Extent::new([("hosts", 4), ("gpus", 8)]));
    assert_eq!(extent.dims().collect::<Vec<_>>(), [("hosts", 4), ("gpus", 8)]);
    assert_eq!(extent!(r#type = 1).to_string(), "[type=1]");
}

#[test]
fn a_point_names_its_coordinates() {
    let point = extent!(hosts = 4, gpus = 8).point(11).unwrap();
    assert_eq!(point.to_string(), "hosts=1, gpus=3");
    assert_eq!(
        (point.rank(), point.get("hosts"), point.get("gpus"), point.get("x")),
        (11, Some(1), Some(3), None)
    );
    assert_eq!(format!("{point:?}"), "rank 11 (hosts=1, gpus=3) of [hosts=4, gpus=8]");
}

#[test]
fn an_extent_that_no_mesh_can_have_is_refused() {
    #[track_caller]
    fn check(extent: Extent, want: &str) {
        assert_eq!(extent.validate().unwrap_err().to_string(), want);
        assert!(Region::whole(&extent).is_empty());
        assert!(Payload::of(&extent).unwrap().get::<Extent>().is_err());
    }
    check(extent!(), "the extent has no dimensions, so no ranks: write `extent!(workers = 4)`");
    check(
        extent!(hosts = 4, gpus = 0),
        "dimension `gpus` of [hosts=4, gpus=0] is empty: a size is between 1 and 4294967295",
    );
    check(extent!(gpus = -1), "dimension `gpus` of [gpus=0] is empty: a size is between 1 and 4294967295");
    check(extent!(a = 2, b = 1, a = 3), "dimension `a` occurs twice in [a=2, b=1, a=3]");
    check(extent!(a = 65_536, b = 65_536), "[a=65536, b=65536] has more than 4294967295 ranks");
    check(
        extent_of(&[usize::MAX; 3]),
        &format!("{} has more than 4294967295 ranks", extent_of(&[usize::MAX; 3])),
    );
    check(extent_of(&[1; 17]), "an extent has at most 16 dimensions, this one 17");
    assert_eq!(extent!(a = 4_294_967_295_u32).validate(), Ok(()));
}

#[test]
fn an_extent_that_was_not_checked_does_not_panic() {
    let extent = extent_of(&[usize::MAX, usize::MAX]);
    assert_eq!(extent.num_ranks(), usize::MAX);
    assert!(extent.point(0).is_none());
    assert_eq!(extent.points().count(), 0);
    assert!(extent_of(&[3, 0]).point(0).is_none());
    assert_eq!(extent!().points().count(), 0);
    let empty = Region::whole(&extent);
    assert_eq!((empty.base_rank(0), empty.view_rank(0), empty.base_ranks().count()), (None, None, 0));
    assert!(!empty.overlaps(&empty));
    assert!(matches!(empty.try_slice(..), Err(RegionError::Empty { .. })));
}

#[test]
fn extents_are_joined_unless_a_name_is_in_both() {
    let hosts = extent!(hosts = 4);
    assert_eq!(hosts.concat(&extent!(gpus = 8)), Ok(extent!(hosts = 4, gpus = 8)));
    let error = hosts.concat(&extent!(hosts = 2)).unwrap_err();
    assert_eq!(error.to_string(), "dimension `hosts` occurs twice in [hosts=4, hosts=2]");
}

#[test]
fn every_way_to_write_a_slice() {
    #[track_caller]
    fn check(slice: impl Into<Slice>, want: &[usize]) {
        let region = Region::whole(&extent!(hosts = 2, gpus = 3));
        assert_eq!(region.try_slice(slice).unwrap().base_ranks().collect::<Vec<_>>(), want);
    }
    check(("gpus", 1..3), &[1, 2, 4, 5]);
    check(("gpus", 1..=1), &[1, 4]);
    check(("gpus", 1..), &[1, 2, 4, 5]);
    check(("gpus", ..1), &[0, 3]);
    check(("gpus", ..=1), &[0, 1, 3, 4]);
    check(("gpus", ..), &[0, 1, 2, 3, 4, 5]);
    check(("gpus", 2), &[2, 5]);
    check(1..3, &[1, 2]);
    check(1..=3, &[1, 2, 3]);
    check(4.., &[4, 5]);
    check(..2, &[0, 1]);
    check(..=2, &[0, 1, 2]);
    check(.., &[0, 1, 2, 3, 4, 5]);
    check(3, &[3]);
}

#[test]
fn one_index_keeps_its_dimension() {
    let region = Region::whole(&extent!(hosts = 2, gpus = 3)).try_slice(("hosts", 1)).unwrap();
    assert_eq!(region.extent(), extent!(hosts = 1, gpus = 3));
    assert_eq!(region.to_string(), "[hosts=1, gpus=3] from rank 3");
    assert_eq!(region.point(2).unwrap().to_string(), "hosts=0, gpus=2");
}

#[test]
fn a_slice_that_cannot_be_says_why() {
    #[track_caller]
    fn check(slice: impl Into<Slice>, want: &str) {
        let region = Region::whole(&extent!(hosts = 4, gpus = 8)).try_slice(("gpus", 0..4)).unwrap();
        assert_eq!(region.try_slice(slice).unwrap_err().to_string(), want);
    }
    check(("gpu", 0..2), "no dimension `gpu` in [hosts=4, gpus=4]");
    check(("hosts", 2..9), "hosts=2..9 is out of bounds of [hosts=4, gpus=4], which has hosts=0..4");
    check(("hosts", 9..), "hosts=9.. is out of bounds of [hosts=4, gpus=4], which has hosts=0..4");
    check(
        ("hosts", ..=usize::MAX),
        &format!("hosts=0..{} is out of bounds of [hosts=4, gpus=4], which has hosts=0..4", usize::MAX),
    );
    check(16, "ranks 16..17 is out of bounds of [hosts=4, gpus=4], which has ranks 0..16");
    check(("hosts", 2..2), "hosts=2..2 of [hosts=4, gpus=4] keeps nothing");
    check(
        3..5,
        "ranks 3..5 of the view [hosts=4, gpus=4] do not lie evenly in the whole: slice by dimension, \
        as `(\"hosts\", 0..1)`",
    );
}

#[test]
fn a_column_can_be_sliced_by_rank() {
    let column = Region::whole(&extent!(hosts = 4, gpus = 8)).try_slice(("gpus", 3)).unwrap();
    assert_eq!(column.try_slice(1..3).unwrap().base_ranks().collect::<Vec<_>>(), [11, 19]);
}

#[test]
fn parts_that_are_no_region_do_not_decode() {
    #[track_caller]
    fn check(dims: &[(&'static str, u64)], strides: &[u64], offset: u64, want: &str) {
        let error =
            Payload::of(&(dims.to_vec(), strides.to_vec(), offset)).unwrap().get::<Region>().unwrap_err();
        assert!(error.to_string().contains(want), "{error}");
    }
    check(&[("a", 2)], &[], 0, "one stride for each dimension");
    check(&[("a", 2), ("b", 2)], &[1, 1], 0, "strides overlap");
    check(&[("a", 2)], &[0], 0, "strides overlap");
    check(&[("a", 2)], &[u64::from(u32::MAX)], 0, "out of bounds");
    check(&[("a", 3)], &[u64::MAX], 0, "out of bounds");
    check(&[("a", 1)], &[1], u64::MAX, "out of bounds");
    check(&[("a", 0)], &[1], 0, "is empty");
    check(&[("a", u64::MAX)], &[1], 0, "more than");
    check(&[("a", 1); 17], &[1; 17], 0, "at most 16");
    let point = Payload::of(&(vec![("a", 2_u64)], 2_u64)).unwrap().get::<Point>().unwrap_err();
    assert!(point.to_string().contains("[a=2] has no rank 2"), "{point}");
}
