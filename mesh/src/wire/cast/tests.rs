use proptest::prelude::*;

use super::*;
use crate::ident::GatewayId;
use crate::wire::envelope::Lane;
use crate::wire::testing::envelope;

fn location(n: u64) -> Arc<Location> {
    Arc::new(Location { gateway: GatewayId { uid: Uid(n), incarnation: 1 }, door: None })
}

fn mesh() -> MeshId {
    MeshId { uid: Uid(9), label: "m".into() }
}

/// The members of the ranks in `ranks`, `per_host` behind each location; the base rank is `stride` times the rank.
fn members(ranks: &[u32], per_host: u32, stride: u32, procs: &Procs) -> Vec<Member> {
    let locations: Vec<_> = (0..64).map(location).collect();
    let member = |&rank: &u32| {
        let at = locations[(rank / per_host) as usize % 64].clone();
        let base_rank = rank * stride;
        let proc = match procs {
            Procs::Mesh(mesh) => ProcId::of_mesh(mesh, base_rank),
            Procs::Doors => system_proc(&at),
            Procs::Named(_) => ProcId::single(Uid(u64::from(rank) * 7), "named".into()),
        };
        Member { rank, base_rank, proc, at }
    };
    ranks.iter().map(member).collect()
}

fn manifest(members: &[Member], procs: &Procs) -> Manifest {
    let mut manifest = Manifest::new(Uid(1), 2, 1 << 20, None, procs);
    members.iter().for_each(|member| manifest.push(member));
    manifest
}

fn cast_of(manifest: Manifest) -> Cast {
    let headers = envelope(Lane::Data, 1).headers;
    Cast {
        manifest,
        headers,
        payload: Payload { body: b"x".to_vec().into(), parts: vec![b"y".to_vec().into()] },
    }
}

fn any_procs() -> impl Strategy<Value = Procs> {
    prop_oneof![Just(Procs::Mesh(mesh())), Just(Procs::Doors), Just(Procs::Named(Vec::new()))]
}

proptest! {
    #[test]
    fn what_is_pushed_comes_out_and_survives_the_wire(
        ranks in prop::collection::btree_set(0..500_u32, 1..200),
        per_host in 1..70_u32,
        stride in 0..5_u32,
        procs in any_procs(),
    ) {
        let ranks: Vec<u32> = ranks.into_iter().collect();
        let members = members(&ranks, per_host, stride, &procs);
        let manifest = manifest(&members, &procs);
        prop_assert_eq!(manifest.len() as usize, members.len());
        prop_assert_eq!(&manifest.members().collect::<Vec<_>>(), &members);
        let cast = cast_of(manifest);
        let envelope = cast.envelope(&cast.manifest).unwrap();
        prop_assert_eq!(&envelope.to.proc, &members[0].proc);
        prop_assert_eq!(Cast::open(&envelope), Ok(cast));
    }

    #[test]
    fn parts_of_a_manifest_have_each_member_once(
        ranks in prop::collection::btree_set(0..500_u32, 1..200),
        ways in prop::collection::vec(0..4_usize, 200),
        procs in any_procs(),
    ) {
        let ranks: Vec<u32> = ranks.into_iter().collect();
        let members = members(&ranks, 16, 2, &procs);
        let whole = manifest(&members, &procs);
        let mut parts = vec![whole.emptied(); 4];
        for (member, way) in whole.members().zip(&ways) {
            parts[*way].push(&member);
        }
        let mut all: Vec<Member> = parts.iter().flat_map(Manifest::members).collect();
        all.sort_by_key(|member| member.rank);
        prop_assert_eq!(all, members);
        let joined = parts.iter().fold(whole.emptied(), |joined, part| joined.with(part));
        prop_assert_eq!(joined.members().collect::<Vec<_>>(), whole.members().collect::<Vec<_>>());
        for part in &parts {
            let ranks: Vec<u32> = part.members().map(|member| member.rank).collect();
            prop_assert!(ranks.is_sorted());
        }
    }

    #[test]
    fn batches_survive(said in prop::collection::vec((0..50_u32, 1..9_u32, any::<bool>(), 0..3000_usize, 0..4_u8), 0..40)) {
        let batch: Vec<Said> = said
            .into_iter()
            .map(|(rank, len, merged, size, kind)| {
                let body: Bytes = vec![7; size].into();
                let reply = match kind {
                    0 => Err(CallErrorKind::ActorStopped),
                    1 => Ok(Payload { body, parts: vec![b"part".to_vec().into(); 3] }),
                    _ => Ok(Payload { body, parts: Vec::new() }),
                };
                Said { rank, len, merged, reply }
            })
            .collect();
        prop_assert_eq!(decode_batch(&encode_batch(&batch).unwrap()), Ok(batch));
    }

    #[test]
    fn noise_never_panics(
        noise in prop::collection::vec(any::<u8>(), 0..300),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let payload = Payload { body: noise.into(), parts: vec![Bytes::new()] };
        let _ = manifest_of(&payload);
        let _ = decode_batch(&payload);
        let procs = Procs::Named(Vec::new());
        let whole = manifest(&members(&[1, 2, 3, 40, 41], 2, 3, &procs), &procs);
        let mut body = Payload::of(&whole).unwrap().body.to_vec();
        let len = body.len();
        body[at.index(len)] = byte;
        if let Ok(changed) = manifest_of(&Payload { body: body.into(), parts: Vec::new() }) {
            prop_assert_eq!(changed.members().count(), changed.len() as usize);
        }
    }
}

#[test]
fn ten_thousand_ranks_are_few_runs() {
    let ranks: Vec<u32> = (0..10_000).collect();
    let procs = Procs::Mesh(mesh());
    let locations = [location(1), location(2)];
    let mut members = members(&ranks, 1 << 16, 1, &procs);
    members.iter_mut().for_each(|member| member.at = locations[usize::from(member.rank >= 5000)].clone());
    let manifest = manifest(&members, &procs);
    assert_eq!(manifest.runs.len(), 2);
    assert!(Payload::of(&manifest).unwrap().len_bytes() < 100);
}

#[test]
fn what_claims_too_much_is_refused() {
    let procs = Procs::Doors;
    let good = manifest(&members(&[1, 2], 4, 3, &procs), &procs);
    let check = |change: fn(&mut Manifest)| {
        let mut bad = good.clone();
        change(&mut bad);
        manifest_of(&Payload::of(&bad).unwrap()).unwrap_err();
    };
    check(|bad| bad.runs[0].len = CAST_RANKS_MAX + 1);
    check(|bad| bad.runs[0].len = 0);
    check(|bad| bad.runs[0].base_step = u32::MAX);
    check(|bad| bad.runs[0].at = 9);
    check(|bad| bad.runs.clear());
    check(|bad| bad.size = 1);
    check(|bad| bad.procs = Procs::Named(Vec::new()));
    let too_many = [Said { rank: 0, len: CAST_RANKS_MAX + 1, merged: false, reply: Ok(Payload::default()) }];
    decode_batch(&encode_batch(&too_many).unwrap()).unwrap_err();
}
