//! `kill -9` of each kind of process in each phase of its life: every death is told once, to the right owner, and whatever
//! waits for the dead ends. A hundred kills; ten thousand, with figures, behind `MESH_LONG=1`.
//!
//! | | starting | idle | in a call | in a cast | stopping |
//! |---|---|---|---|---|---|
//! | **proc** | its spawn names the signal; no failure | the owner is told | and the call ends with the signal | and its rank of the cast does, the others answer | the stop ends, the calls end; no failure |
//! | **host** | its allocation names the signal; no failure | the owner of the host is told; its procs end | the same, and the call to a proc of it ends | the same for a cast to its procs | the stop and the calls end; its procs end; no failure |
//! | **client** | nothing is left | nothing is left | nothing is left | nothing is left | nothing is left |
//!
//! Each kill is counted in its cell, and no cell may stay empty. A host that another client has started and this one has
//! attached to is killed in `hosts`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mesh::ident::{MeshId, Uid};
use mesh::meshes::ProcOptions;
use mesh::prelude::*;
use mesh::{Cause, HostMesh, ProcMeshRef, ProcessAllocator, SpawnError, Status};
use rustix::process::Signal;
use tokio::time::Instant;

use crate::actors::Victim;
use crate::harness::is_long;
use crate::proc_fs::{Token, eventually, gone, with_token};
use crate::program::Program;
use crate::world::{KILLED, World, is_alive, lost, send_signal, soon};

crate::tests![
    every_kill_is_told_once_to_the_owner,
    casts_end_while_procs_are_killed,
    client_killed_in_any_phase_leaves_nothing,
];

/// When the owner was told, by mesh and rank.
type Times = BTreeMap<(Uid, u32), Vec<Instant>>;

/// What the owner is told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Times>>);

impl Told {
    fn listen(cx: &Client) -> Told {
        let told = Told::default();
        let inner = told.clone();
        cx.on_failure(move |failure| {
            let now = Instant::now();
            assert!(matches!(&failure.cause, Cause::ProcExit { exit, .. } if *exit == KILLED), "{failure}");
            let mesh = failure.mesh.as_ref().unwrap().uid;
            for rank in &failure.ranks {
                inner.0.lock().unwrap().entry((mesh, *rank)).or_default().push(now);
            }
            Directive::Handled
        });
        told
    }

    fn of(&self, mesh: Uid, rank: usize) -> Option<Instant> {
        self.0.lock().unwrap().get(&(mesh, u32::try_from(rank).unwrap()))?.first().copied()
    }
}

/// What is killed, and in which phase.
type KillCell = (&'static str, &'static str);

/// The cells of the table that are this process's to fill.
const CELLS: [KillCell; 10] = [
    ("proc", "starting"),
    ("proc", "idle"),
    ("proc", "call"),
    ("proc", "cast"),
    ("proc", "stopping"),
    ("host", "starting"),
    ("host", "idle"),
    ("host", "call"),
    ("host", "cast"),
    ("host", "stopping"),
];

/// The kills of a run.
struct Killing<'w> {
    world: &'w World,
    told: Told,
    kills: usize,
    cells: BTreeMap<KillCell, usize>,
    /// From the kill to its owner's hearing of it.
    latencies: Vec<Duration>,
    /// How many failures the owner is to hear of.
    expected: usize,
}

impl Killing<'_> {
    fn kill(&mut self, cell: KillCell, pid: u32) -> Instant {
        let at = Instant::now();
        send_signal(pid, Signal::KILL);
        self.kills += 1;
        *self.cells.entry(cell).or_default() += 1;
        at
    }

    /// Waits until the owner has heard of it.
    async fn is_told(&mut self, mesh: Uid, rank: usize, killed: Instant) {
        let told = self.told.clone();
        assert!(eventually(|| told.of(mesh, rank).is_some()).await, "rank {rank} is not told");
        self.latencies.push(told.of(mesh, rank).unwrap() - killed);
        self.expected += 1;
    }

    /// One that has started and not said hello.
    async fn starting(&mut self) {
        let cx = self.world.client();
        // The token of the world is in all of its children; this one tells them apart.
        let token = Token::fresh();
        let hung = ["sh", "-c", "exec sleep 600"];
        let options = ProcOptions::default()
            .setup(|setup| setup.wrapper(hung).env(crate::proc_fs::TOKEN, (*token).to_owned()));
        let host = this_host(cx).await.unwrap();
        let spawn = host.spawn_procs_with(cx, extent!(starting = 1), options);
        let kill = async {
            // Looked for once: in the middle of an exec a process has no environment.
            let mut pids = Vec::new();
            let started = eventually(|| {
                pids = with_token(&token);
                !pids.is_empty()
            });
            assert!(started.await);
            self.kill(("proc", "starting"), pids[0].as_raw_pid().try_into().unwrap());
        };
        let (spawned, ()) = soon(async { tokio::join!(spawn, kill) }).await;
        // Its spawn says so; there is nothing else to tell.
        let error = spawned.map(drop).unwrap_err();
        assert!(matches!(&error, SpawnError::Failed { .. }), "{error}");
        assert!(error.to_string().contains("signal 9 (SIGKILL)"), "{error}");
    }

    /// Kills the process `pid`, which is rank `died` of `mesh` and with which `rank` of `victims` dies.
    async fn in_phase(
        &mut self,
        (what, phase): (&'static str, usize),
        victims: &ActorMesh<Victim>,
        rank: usize,
        (mesh, died, pid): (&MeshId, usize, u32),
    ) {
        let cx = self.world.client();
        match phase % 3 {
            0 => {
                let killed = self.kill((what, "idle"), pid);
                self.is_told(mesh.uid, died, killed).await;
            }
            1 => {
                let (port, mut running) = cx.open_port::<usize>().unwrap();
                let call = victims.rank(rank).hang(port).call(cx);
                soon(running.receive()).await.unwrap();
                let killed = self.kill((what, "call"), pid);
                let error = soon(call).await.unwrap_err();
                assert_eq!(lost(&error.kind).0, &KILLED);
                self.is_told(mesh.uid, died, killed).await;
            }
            _ => {
                let (port, mut running) = cx.open_port::<usize>().unwrap();
                let each = victims.hang_at(rank, port).call_each(cx);
                // The ranks that are dead cannot have got the port, which says so.
                while soon(running.receive()).await.is_err() {}
                let killed = self.kill((what, "cast"), pid);
                let each = soon(each).await;
                assert_eq!(lost(&each.values()[rank].as_ref().unwrap_err().error.kind).0, &KILLED);
                self.is_told(mesh.uid, died, killed).await;
            }
        }
    }

    /// Procs of this host, killed one by one, the last two while they are stopped.
    async fn procs(&mut self) {
        const PROCS: usize = 8;
        let cx = self.world.client();
        let (procs, victims) = self.world.victims(PROCS).await;
        let pids = soon(victims.pid().call(cx)).await.unwrap().into_values();
        for (rank, pid) in pids[..PROCS - 2].iter().enumerate() {
            self.in_phase(("proc", rank), &victims, rank, (procs.id(), rank, *pid)).await;
        }
        self.stopping(&procs, &victims, &pids[PROCS - 2..]).await;
    }

    /// Procs that do not drain, killed after they were told to.
    async fn stopping(&mut self, procs: &ProcMesh, victims: &ActorMesh<Victim>, pids: &[u32]) {
        let cx = self.world.client();
        let ranks = victims.control().len();
        let (port, mut running) = cx.open_port::<usize>().unwrap();
        let calls: Vec<_> =
            (ranks - pids.len()..ranks).map(|rank| victims.rank(rank).hang(port.clone()).call(cx)).collect();
        for _ in 0..calls.len() {
            soon(running.receive()).await.unwrap();
        }
        let control = procs.control();
        let stop = control.stop(cx);
        let kill = async {
            loop {
                let states = soon(view(procs).states(cx)).await.unwrap().into_values();
                let told = |status: &Status| *status == Status::Stopping;
                if states[ranks - pids.len()..].iter().all(|state| told(&state.as_ref().unwrap().status)) {
                    break;
                }
                tokio::task::yield_now().await;
            }
            pids.iter().for_each(|pid| _ = self.kill(("proc", "stopping"), *pid));
        };
        // Some ranks have failed before: the stop says so, and ends.
        let (stopped, ()) = soon(async { tokio::join!(stop, kill) }).await;
        drop(stopped);
        for call in calls {
            soon(call).await.unwrap_err();
        }
        assert!(!pids.iter().any(|pid| is_alive(*pid)));
        // It was asked for, so it is nobody's failure.
        let states = soon(view(procs).states(cx)).await.unwrap().into_values();
        let states: Vec<_> = states.into_iter().map(|state| state.unwrap()).collect();
        for state in &states[ranks - pids.len()..] {
            assert_eq!(state.status, Status::Stopped, "{state:?}");
            assert_eq!(state.state.as_ref().unwrap().exit.as_ref().unwrap().status, KILLED);
        }
    }

    /// A host that has started and not said hello.
    async fn host_starting(&mut self) {
        let cx = self.world.client();
        let token = Token::fresh();
        let hung = ["sh", "-c", "exec sleep 600"];
        let allocator = ProcessAllocator::new(extent!(hosts = 1))
            .setup(|setup| setup.wrapper(hung).env(crate::proc_fs::TOKEN, (*token).to_owned()));
        let kill = async {
            let mut pids = Vec::new();
            let started = eventually(|| {
                pids = with_token(&token);
                !pids.is_empty()
            });
            assert!(started.await);
            self.kill(("host", "starting"), pids[0].as_raw_pid().try_into().unwrap());
        };
        let (allocated, ()) = soon(async { tokio::join!(HostMesh::allocate(cx, &allocator), kill) }).await;
        let error = allocated.map(drop).unwrap_err().to_string();
        assert!(error.contains("signal 9 (SIGKILL)"), "{error}");
    }

    /// A host whose proc does not drain, killed after it was told to end.
    async fn host_stopping(&mut self) {
        let cx = self.world.client();
        let hosts = soon(HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 1)))).await.unwrap();
        let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 1))).await.unwrap();
        let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
        let host = soon(victims.rank(0).parent().call(cx)).await.unwrap();
        let pid = soon(victims.rank(0).pid().call(cx)).await.unwrap();
        let (port, mut running) = cx.open_port::<usize>().unwrap();
        let call = victims.rank(0).hang(port).call(cx);
        soon(running.receive()).await.unwrap();
        let control = hosts.control();
        let kill = async {
            loop {
                let states = soon(view(&procs).states(cx)).await.unwrap().into_values();
                if states.iter().all(|state| state.as_ref().unwrap().status == Status::Stopping) {
                    break;
                }
                tokio::task::yield_now().await;
            }
            self.kill(("host", "stopping"), host);
        };
        let (stopped, ()) = soon(async { tokio::join!(control.stop(cx), kill) }).await;
        // It was asked for, so it is nobody's failure.
        stopped.unwrap();
        soon(call).await.unwrap_err();
        assert!(eventually(|| !is_alive(pid)).await);
    }

    /// A host with two procs.
    async fn host(&mut self, phase: usize) {
        let cx = self.world.client();
        let hosts = soon(HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 1)))).await.unwrap();
        let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 2))).await.unwrap();
        let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
        let pids = soon(victims.pid().call(cx)).await.unwrap().into_values();
        let host = soon(victims.rank(0).parent().call(cx)).await.unwrap();
        let id = hosts.control().to_ref().id().clone();
        self.in_phase(("host", phase), &victims, 1, (&id, 0, host)).await;
        assert!(eventually(|| !pids.iter().any(|pid| is_alive(*pid))).await);
    }
}

fn view(procs: &ProcMesh) -> ProcMeshRef {
    procs.control().to_ref()
}

fn figures(took: &[Duration]) -> String {
    let mut sorted = took.to_vec();
    sorted.sort();
    let percentile = |percent: usize| sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)];
    format!("p50 {:?}, p99 {:?}, at most {:?}", percentile(50), percentile(99), sorted[sorted.len() - 1])
}

async fn every_kill_is_told_once_to_the_owner() {
    let kills = if is_long() { 10_000 } else { 100 };
    let world = World::start().await;
    let told = Told::listen(world.client());
    let mut killing =
        Killing { world: &world, told, kills: 0, cells: BTreeMap::new(), latencies: Vec::new(), expected: 0 };
    let mut round = 0;
    while killing.kills < kills {
        killing.procs().await;
        killing.starting().await;
        if round % 3 == 0 {
            killing.host(round / 3).await;
            killing.host_starting().await;
            killing.host_stopping().await;
        }
        round += 1;
        if is_long() && round % 100 == 0 {
            println!("{} kills so far: {}", killing.kills, figures(&killing.latencies));
        }
    }
    let Killing { told, kills, cells, latencies, expected, .. } = killing;
    assert!(cells.keys().eq(CELLS.iter().collect::<std::collections::BTreeSet<_>>()), "{cells:?}");
    world.end().await;
    // After the end nothing more comes: each was told once.
    let told = told.0.lock().unwrap();
    assert_eq!(told.len(), expected);
    assert!(told.values().all(|times| times.len() == 1), "{told:?}");
    println!("{cells:?}");
    println!(
        "{kills} kills, {} of them failures told once each: owner told after {}",
        latencies.len(),
        figures(&latencies)
    );
}

async fn casts_end_while_procs_are_killed() {
    // The dead are replaced by new meshes: ten meshes of 64 procs, ten of each killed.
    let (meshes, procs, kills, casts) = if is_long() { (10, 64, 10, 1_000) } else { (2, 8, 3, 50) };
    let world = World::start().await;
    let told = Told::listen(world.client());
    let cx = world.client();
    let (mut lost_replies, mut took) = (0, Vec::new());
    for _ in 0..meshes {
        let (mesh, victims) = world.victims(procs).await;
        let pids = soon(victims.pid().call(cx)).await.unwrap().into_values();
        let mut dead: Vec<usize> = Vec::new();
        for cast in 0..casts {
            let each = victims.pid().call_each(cx);
            if cast % (casts / kills) == 0 && dead.len() < kills {
                // While the cast is on its way.
                let rank = (dead.len() * 7) % procs;
                send_signal(pids[rank], Signal::KILL);
                dead.push(rank);
            }
            let start = Instant::now();
            let each = soon(each).await;
            took.push(start.elapsed());
            for (rank, outcome) in each.values().iter().enumerate() {
                match outcome {
                    Ok(pid) => assert_eq!(*pid, pids[rank]),
                    Err(error) => {
                        assert_eq!(error.rank as usize, rank);
                        assert!(dead.contains(&rank), "rank {rank} lives: {error}");
                        assert_eq!(lost(&error.error.kind).0, &KILLED);
                        lost_replies += 1;
                    }
                }
            }
            // Those that were dead before the cast are missing in it.
            if cast % (casts / kills) != 0 {
                let missing = each.values().iter().filter(|outcome| outcome.is_err()).count();
                assert_eq!(missing, dead.len());
            }
        }
        assert_eq!(dead.len(), kills);
        let (mesh_uid, told) = (mesh.id().uid, told.clone());
        for rank in dead {
            assert!(eventually(|| told.of(mesh_uid, rank).is_some()).await);
        }
    }
    world.end().await;
    assert_eq!(told.0.lock().unwrap().len(), meshes * kills);
    println!(
        "{} casts over {procs} procs while {} were killed: all ended, {lost_replies} ranks named as missing; a cast took {}",
        meshes * casts,
        meshes * kills,
        figures(&took),
    );
}

async fn client_killed_in_any_phase_leaves_nothing() {
    let rounds = if is_long() { 20 } else { 1 };
    let mut took = Vec::new();
    for _ in 0..rounds {
        for phase in ["starting", "idle", "call", "cast", "stopping"] {
            let token = Token::fresh();
            let mut program = Program::start(&["phase", phase], &token);
            soon(program.line(phase)).await;
            let start = Instant::now();
            program.kill().await;
            gone(&token).await;
            took.push(start.elapsed());
            // Children that have not had their orders do not know of the socket.
            let left = program.scratch().entries();
            assert!(left.is_empty() || phase == "starting", "{phase}: {left:?}");
        }
    }
    took.sort();
    println!(
        "{} clients killed: none of their processes after at most {:?}",
        took.len(),
        took[took.len() - 1]
    );
}
