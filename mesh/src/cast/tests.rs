use super::*;
use crate::ident::{GatewayId, Uid};
use crate::shape::Extent;

fn members(hosts: u64, per_host: u32) -> Members {
    let at = |n| Arc::new(Location { gateway: GatewayId { uid: Uid(n), incarnation: 1 }, door: None });
    let procs = MeshId { uid: Uid(9), label: "p".into() };
    Members::Mesh { procs, hosts: (0..hosts).map(at).collect(), per_host }
}

#[test]
fn every_rank_of_a_view_is_reached_once_at_its_place() {
    let extent = Extent::new([("hosts", 2), ("gpus", 3)]);
    let view = Region::whole(&extent).try_slice(("gpus", 1..3)).unwrap();
    let leaves: Vec<Leaf> = plan(&view, &members(2, 3)).collect();
    let ranks: Vec<_> = leaves.iter().map(|leaf| (leaf.point.rank, leaf.point.base_rank)).collect();
    assert_eq!(ranks, [(0, 1), (1, 2), (2, 4), (3, 5)]);
    assert_eq!(leaves[2].proc.at.gateway.uid, Uid(1));
    assert_eq!(leaves[2].proc.id.rank, Some(4));
    assert!(leaves.iter().all(|leaf| leaf.point.size == 4));
}

#[test]
fn a_rank_beyond_the_members_has_no_proc() {
    assert_eq!(members(2, 3).len(), 6);
    assert!(members(2, 3).proc(6).is_none());
    assert!(members(2, 0).proc(0).is_none());
}
