use super::*;

#[test]
fn labels_do_not_take_part_in_equality() {
    let (a, b) = (ProcId::single(Uid(1), "a".into()), ProcId::single(Uid(1), "b".into()));
    assert_eq!(a, b);
    assert_ne!(a, ProcId::single(Uid(2), "a".into()));
}

#[test]
fn members_of_a_mesh_are_distinct_and_reproducible() {
    let mesh = MeshId { uid: Uid(7), label: "workers".into() };
    let uids: std::collections::BTreeSet<_> = (0..10_000).map(|r| ProcId::of_mesh(&mesh, r).uid).collect();
    assert_eq!(uids.len(), 10_000);
    assert_eq!(ProcId::of_mesh(&mesh, 3), ProcId::of_mesh(&mesh, 3));
    assert_eq!(ProcId::of_mesh(&mesh, 3).to_string(), "workers/3");
}

#[test]
fn a_label_takes_any_text() {
    assert_eq!(Label::new("grün/x y").as_str(), "gr_n_x_y");
    assert_eq!(Label::new("").as_str(), "unnamed");
    assert_eq!(Label::new(&"x".repeat(100)).as_str().len(), 63);
}

#[test]
fn name_hash_is_fnv_1a() {
    assert_eq!(name_hash(""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(name_hash("a"), 0xaf63_dc4c_8601_ec8c);
}
