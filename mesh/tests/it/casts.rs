//! Casts in a tree of gateways: client, hosts, procs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use mesh::call::CallErrorKind;
use mesh::clock::Entropy;
use mesh::prelude::*;
use mesh::transport::{Faults, MemoryNetwork};
use mesh::{HostMesh, ProcessAllocator};

use crate::loss::on_network;
use crate::support::{Counter, settle};

/// How many envelopes the client's gateway has handed to links.
pub(crate) fn forwarded(cx: &Client) -> u64 {
    cx.proc().outbox().gateway().counters().forwarded.load(Ordering::Relaxed)
}

/// How many envelopes have come to the client's proc.
fn delivered(cx: &Client) -> u64 {
    cx.proc().outbox().gateway().counters().delivered.load(Ordering::Relaxed)
}

pub(crate) async fn tree(cx: &Client, hosts: usize, gpus: usize) -> (HostMesh, ProcMesh, ActorMesh<Counter>) {
    let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = hosts))).await.unwrap();
    let procs = hosts.spawn_procs(cx, extent!(gpus = gpus)).await.unwrap();
    let counters = procs.spawn(cx, "counters", Counter::spec(10)).await.unwrap();
    (hosts, procs, counters)
}

#[test]
fn a_cast_is_one_envelope_a_host_and_its_replies_are_one_a_host() {
    on_network(1, async |cx, _| {
        let (_hosts, _procs, counters) = tree(cx, 3, 8).await;
        settle().await;
        let (sent, came) = (forwarded(cx), delivered(cx));
        counters.add(1).cast(cx).unwrap();
        assert_eq!(forwarded(cx) - sent, 3);
        assert_eq!(counters.get().call(cx).await.unwrap().to_string(), "[11 ×24]");
        assert_eq!(forwarded(cx) - sent, 6);
        assert_eq!(delivered(cx) - came, 3);
        // Different replies travel together too.
        let ranks = counters.rank_of().call(cx).await.unwrap();
        assert_eq!(ranks.values(), (0..24).collect::<Vec<u64>>());
        assert_eq!(delivered(cx) - came, 6);
        // One rank alone takes the same links.
        assert_eq!(counters.rank(17).add(1).call(cx).await.unwrap(), 12);
        assert_eq!(forwarded(cx) - sent, 10);
    });
}

#[test]
fn what_ranks_say_of_themselves_is_collected_as_runs() {
    on_network(7, async |cx, _| {
        let (_hosts, _procs, counters) = tree(cx, 3, 8).await;
        counters.slice(("hosts", 1..2)).add(1).call(cx).await.unwrap();
        let came = delivered(cx);
        let values = counters.value_here().reduce(Collect).call(cx).await.unwrap();
        assert_eq!(delivered(cx) - came, 3, "merged in each host");
        assert_eq!(values.runs().collect::<Vec<_>>(), [(0..8, &10), (8..16, &11), (16..24, &10)]);
        let mesh = values.to_mesh(counters.control().region());
        assert_eq!((mesh[0], mesh[15], mesh[23], mesh.runs().count()), (Some(10), Some(11), Some(10), 3));
    });
}

#[test]
fn slices_of_slices_reach_their_ranks_through_the_tree() {
    on_network(2, async |cx, _| {
        let (_hosts, procs, counters) = tree(cx, 3, 4).await;
        let some = counters.slice(("gpus", 1..4)).slice(("hosts", 1..3)).slice(("gpus", 1..3));
        assert_eq!(some.rank_of().call(cx).await.unwrap().values(), [6, 7, 10, 11]);
        some.add(5).cast(cx).unwrap();
        let all = counters.get().call(cx).await.unwrap();
        assert_eq!(all.to_string(), "[10 ×6, 15 ×2, 10 ×2, 15 ×2]");
        assert_eq!(some.get().reduce(Sum).call(cx).await.unwrap(), 60);
        let mut replies = some.rank_of().stream(cx);
        let mut got = Vec::new();
        while let Some((rank, reply)) = replies.next().await {
            got.push((rank, reply.unwrap()));
        }
        got.sort_unstable();
        assert_eq!(got, [(0, 6), (1, 7), (2, 10), (3, 11)]);
        assert_eq!(some.get().choose(cx).await.unwrap(), 15);
        // A mesh on a part of the procs names them one by one.
        let part = procs.slice(("gpus", 0..2)).slice(("hosts", 0..2));
        let more = part.spawn(cx, "more", Counter::spec(0)).await.unwrap();
        more.slice(1..4).add(1).cast(cx).unwrap();
        assert_eq!(more.get().call(cx).await.unwrap().values(), [0, 1, 1, 1]);
        assert_eq!(more.place().call(cx).await.unwrap()[3], "gpus/5");
    });
}

#[test]
fn replies_that_come_late_do_not_hold_the_others() {
    on_network(3, async |cx, _| {
        let (_hosts, _procs, counters) = tree(cx, 2, 3).await;
        let hanging = counters.rank(4).hang().call(cx);
        let mut replies = counters.rank_of().timeout(Duration::from_secs(5)).stream(cx);
        let start = tokio::time::Instant::now();
        let mut got = Vec::new();
        for _ in 0..5 {
            got.push(replies.next().await.unwrap().0);
        }
        got.sort_unstable();
        assert_eq!(got, [0, 1, 2, 3, 5]);
        assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
        let (rank, late) = replies.next().await.unwrap();
        assert_eq!(rank, 4);
        assert!(matches!(late.unwrap_err().error.kind, CallErrorKind::Deadline { .. }));
        assert!(replies.next().await.is_none());
        drop(hanging);
    });
}

#[test]
fn a_subtree_that_is_cut_in_a_call_is_named_and_the_rest_kept() {
    on_network(4, async |cx, network| {
        let (_hosts, procs, counters) = tree(cx, 3, 3).await;
        let _held = counters.slice(("hosts", 1..2)).hang().call(cx);
        settle().await;
        let each = counters.rank_of().call_each(cx);
        settle().await;
        // The link of the second host to the client is gone, and all its ranks with it.
        network.partition(&crate::loss::door(cx));
        let each = each.await;
        let failed: Vec<usize> = (0..9).filter(|rank| each[*rank].is_err()).collect();
        assert!(failed.contains(&3) && failed.contains(&4) && failed.contains(&5), "{failed:?}");
        for rank in failed {
            let error = each[rank].as_ref().unwrap_err();
            assert_eq!(error.rank as usize, rank);
            assert!(error.to_string().contains(&format!("counters@gpus/{rank}")), "{error}");
            // What a lost link led to is known by the end of what it led to: the host, which is taken down.
            let CallErrorKind::ProcLost { proc, .. } = &error.error.kind else { panic!("{error}") };
            assert!(proc.to_string().starts_with("hosts/"), "{error}");
        }
        drop(procs);
    });
}

#[test]
fn a_proc_that_is_cut_from_its_host_fails_its_ranks_alone() {
    on_network(5, async |cx, network| {
        let (_hosts, procs, counters) = tree(cx, 2, 3).await;
        let hanging = counters.hang().timeout(Duration::from_secs(30)).call_each(cx);
        let ranks = counters.slice(("hosts", 0)).get().call(cx);
        settle().await;
        let second = procs.proc(3).unwrap().at.gateway;
        assert_eq!(network.partition(&format!("host-{second}")), 3);
        let start = tokio::time::Instant::now();
        let mut ended = counters.slice(("hosts", 1)).get().stream(cx);
        while let Some((_, reply)) = ended.next().await {
            let error = reply.unwrap_err();
            assert!(matches!(error.error.kind, CallErrorKind::ProcLost { .. }), "{error}");
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        let each = hanging.await;
        let lost = |rank: usize| matches!(&each[rank], Err(error) if matches!(error.error.kind, CallErrorKind::ProcLost { .. }));
        assert_eq!((0..6).map(lost).collect::<Vec<_>>(), [false, false, false, true, true, true]);
        assert!(ranks.await.is_err(), "they hang, and the mailbox is behind it");
    });
}

#[test]
fn replies_are_merged_on_their_way_in_rank_order() {
    on_network(6, async |cx, _| {
        let (_hosts, _procs, counters) = tree(cx, 3, 4).await;
        let came = delivered(cx);
        assert_eq!(counters.rank_of().reduce(Sum).call(cx).await.unwrap(), 66);
        assert_eq!(counters.rank_of().reduce(Max).call(cx).await.unwrap(), 11);
        assert_eq!(delivered(cx) - came, 6);
        let places = counters.place().reduce(Concat).call(cx).await.unwrap();
        assert_eq!(places, (0..12).map(|rank| format!("gpus/{rank}")).collect::<String>());
        // Merged by whom it is not known: the caller alone.
        let last = counters.place().reduce(Last(7)).call(cx).await.unwrap();
        assert_eq!(last, "gpus/11");
        let error = counters.fall_on(5).reduce(Sum).call(cx).await.unwrap_err();
        assert_eq!((error.partial, error.failed.len(), error.failed[0].rank), (Some(55), 1, 5));
    });
}

/// A reducer with state, which no gateway can know.
struct Last(#[expect(dead_code, reason = "it is there to be state")] u8);

impl Reducer<String> for Last {
    fn reduce(&self, _: String, right: String) -> String {
        right
    }
}

/// Keeps what it is told.
pub(crate) struct Scribe {
    told: Vec<(u64, u32)>,
}

#[actor(mailbox(capacity = 65_536))]
impl Scribe {
    #[new]
    fn new() -> Self {
        Scribe { told: Vec::new() }
    }

    /// Keeps the `n`-th word of a speaker.
    #[handler]
    fn tell(&mut self, speaker: u64, n: u32) {
        self.told.push((speaker, n));
    }

    /// What it was told.
    #[handler]
    fn told(&self) -> Vec<(u64, u32)> {
        self.told.clone()
    }
}

/// Tells scribes, by cast, by slice and one by one, in an order that its seed decides.
pub(crate) struct Speaker {
    seed: u64,
}

#[actor]
impl Speaker {
    #[new]
    fn new(env: &SpawnEnv, seed: u64) -> Self {
        Speaker { seed: seed * 100 + env.rank() as u64 }
    }

    /// Speaks; gives for each scribe what it was told.
    #[handler]
    async fn speak(
        &mut self,
        cx: &Context<Self>,
        scribes: ActorMeshRef<Scribe>,
        words: u32,
    ) -> Vec<Vec<u32>> {
        let entropy = Entropy::from_seed(self.seed);
        let count = scribes.control().len();
        let below = |bound: usize| usize::try_from(entropy.below(bound as u64)).unwrap();
        let mut said = vec![Vec::new(); count];
        for n in 0..words {
            match below(4) {
                0 => {
                    scribes.tell(self.seed, n).cast(cx).unwrap();
                    said.iter_mut().for_each(|said| said.push(n));
                }
                1 => {
                    let (start, len) = (below(count), 1 + below(count));
                    let ranks = start..(start + len).min(count);
                    let Ok(part) = scribes.control().try_slice(ranks.clone()) else { continue };
                    part.tell(self.seed, n).cast(cx).unwrap();
                    ranks.for_each(|rank| said[rank].push(n));
                }
                2 => {
                    let rank = below(count);
                    scribes.rank(rank).tell(self.seed, n).send(cx).unwrap();
                    said[rank].push(n);
                }
                _ => tokio::time::sleep(Duration::from_micros(entropy.below(3000))).await,
            }
        }
        said
    }
}

/// Speakers at the client's host and beside the scribes cast and send over links that are cut and delayed: each scribe
/// hears each speaker in order, and hears all.
#[test]
fn casts_and_sends_of_one_sender_stay_in_order_whatever_the_road() {
    for seed in 0..crate::support::seeds(20) {
        on_network(seed, async |cx, network| speak_over_faults(cx, network, seed).await);
    }
}

async fn speak_over_faults(cx: &Client, network: &MemoryNetwork, seed: u64) {
    let faults = Faults {
        seed,
        // More than a hello, which names every actor type of this program.
        cut_after_bytes: 24_000,
        delay_max: Duration::from_millis(2),
        failing_dials: 10,
    };
    let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await.unwrap();
    let procs = hosts.spawn_procs(cx, extent!(gpus = 3)).await.unwrap();
    let near = this_host(cx).await.unwrap().spawn_procs(cx, extent!(near = 2)).await.unwrap();
    let scribes = procs.spawn(cx, "scribes", Scribe::spec()).await.unwrap();
    let far_speakers = procs.spawn(cx, "far", Speaker::spec(1)).await.unwrap();
    let near_speakers = near.spawn(cx, "near", Speaker::spec(2)).await.unwrap();
    // Connections that were whole so far are lost once, and those that follow again and again.
    network.set_faults(faults);
    network.cut(&crate::loss::door(cx));
    for host in [0, 3] {
        network.cut(&format!("host-{}", procs.proc(host).unwrap().at.gateway));
    }
    check_order(cx, network, seed, &scribes, [(100, &far_speakers), (200, &near_speakers)]).await;
    assert_eq!(cx.returned(), 0);
    let dials = network.connections(&crate::loss::door(cx));
    assert!(dials > 8, "seed {seed}: the links were cut: {dials} connections");
}

/// Has speakers speak, each mesh with the number of its first, over a network with faults: all is heard, in order.
pub(crate) async fn check_order(
    cx: &Client,
    network: &MemoryNetwork,
    seed: u64,
    scribes: &ActorMesh<Scribe>,
    speakers: [(u64, &ActorMesh<Speaker>); 2],
) {
    let view = scribes.control().to_ref();
    let speaking = speakers.map(|(first, speakers)| (first, speakers.speak(view.clone(), 60).call(cx)));
    let mut said: Vec<(u64, Vec<Vec<u32>>)> = Vec::new();
    for (first, spoken) in speaking {
        for (rank, of) in (0..).zip(spoken.await.unwrap().into_values()) {
            said.push((first + rank, of));
        }
    }
    network.set_faults(Faults::default());
    // What is on its way arrives before what is asked then on the same road; other roads need a while.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let told = scribes.told().call(cx).await.unwrap();
    for (rank, told) in told.values().iter().enumerate() {
        for (speaker, said) in &said {
            let heard: Vec<u32> = told.iter().filter(|(by, _)| by == speaker).map(|(_, n)| *n).collect();
            assert_eq!(heard, said[rank], "seed {seed}, scribe {rank}, speaker {speaker}");
        }
    }
}
