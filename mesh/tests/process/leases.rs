//! What an owner has spawned ends when the owner is gone, in whatever way (`SUP-1`).

use std::time::Duration;

use mesh::addr::ChannelAddr;
use mesh::prelude::*;
use mesh::{CallErrorKind, HostMesh};
use rustix::process::Signal;

use crate::actors::{Landlord, Owner, Victim};
use crate::proc_fs::{Token, eventually, gone, with_token};
use crate::program::{Program, Scratch};
use crate::world::{World, is_alive, send_signal, soon, stop};

crate::tests![
    killed_proc_takes_the_procs_it_owns_with_it,
    ended_actor_takes_the_procs_it_owns_with_it,
    killed_proc_takes_the_actors_it_owns_with_it,
    killed_client_takes_its_procs_from_an_attached_host,
    stopped_client_of_an_attached_host_is_not_gone,
];

/// A world with a landlord in a proc of its own, who owns two procs.
async fn landlord(world: &World) -> (ProcMesh, ActorMesh<Landlord>, Vec<u32>) {
    let cx = world.client();
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(houses = 1)).await.unwrap();
    let landlords = procs.spawn(cx, "landlords", Landlord::spec()).await.unwrap();
    let tenants = soon(landlords.rank(0).rent(2).call(cx)).await.unwrap().unwrap();
    assert!(tenants.iter().all(|pid| is_alive(*pid)));
    (procs, landlords, tenants)
}

async fn all_end(pids: &[u32]) {
    assert!(eventually(|| !pids.iter().any(|pid| is_alive(*pid))).await, "{pids:?} live on");
}

async fn killed_proc_takes_the_procs_it_owns_with_it() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let (_others, others) = world.victims(1).await;
    let (_procs, landlords, tenants) = landlord(&world).await;
    let pid = soon(landlords.rank(0).pid().call(cx)).await.unwrap();
    send_signal(pid, Signal::KILL);
    all_end(&tenants).await;
    soon(cx.failure(|failure| failure.to_string().contains("houses/0"))).await;
    // Nobody else is touched, and of the tenants' end, which was asked for, nobody is told.
    soon(others.rank(0).pid().call(cx)).await.unwrap();
    let client = cx.clone();
    world.end().await;
    assert_eq!(client.failures().len(), 1, "{:?}", client.failures());
}

/// It has let nothing go: its values are leaked.
async fn ended_actor_takes_the_procs_it_owns_with_it() {
    let world = World::start().await;
    let cx = world.client();
    let (_procs, landlords, tenants) = landlord(&world).await;
    soon(landlords.rank(0).forget_all().call(cx)).await.unwrap();
    soon(landlords.control().stop(cx)).await.unwrap();
    all_end(&tenants).await;
    assert!(cx.failures().is_empty(), "{:?}", cx.failures());
    world.end().await;
}

async fn killed_proc_takes_the_actors_it_owns_with_it() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let (procs, victims) = world.victims(3).await;
    let (told, _failures) = cx.open_port::<Failure>().unwrap();
    let rest = procs.slice(1..3);
    let owners = procs.slice(0..1).spawn(cx, "owners", Owner::spec(rest, told)).await.unwrap();
    let owned = soon(owners.rank(0).spawn().call(cx)).await.unwrap().unwrap();
    soon(owned.pid().call(cx)).await.unwrap();
    let pid = soon(victims.rank(0).pid().call(cx)).await.unwrap();
    send_signal(pid, Signal::KILL);
    let ended = async {
        loop {
            let each = soon(owned.pid().call_each(cx)).await;
            let stopped = |outcome: &Result<u32, mesh::RankError>| matches!(outcome, Err(error) if error.error.kind == CallErrorKind::ActorStopped);
            if each.values().iter().all(stopped) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    soon(ended).await;
    // Their procs live, and take new ones: they were stopped, they did not fail.
    let rest = procs.slice(1..3);
    let more = soon(rest.spawn(cx, "more", Victim::spec())).await.unwrap();
    soon(more.pid().call(cx)).await.unwrap();
    world.end().await;
}

/// A host behind a door whose links wait half a second for a lost connection.
struct Door {
    program: Program,
    token: Token,
    address: String,
    _scratch: Scratch,
}

async fn open_door() -> Door {
    let (token, scratch) = (Token::fresh(), Scratch::fresh());
    let address = format!("unix:{}", scratch.path().join("door").display());
    let mut program = Program::start_with(&["host", &address], &token, &[("MESH_LINK_GIVE_UP", "500ms")]);
    soon(program.line("serving")).await;
    Door { program, token, address, _scratch: scratch }
}

async fn killed_client_takes_its_procs_from_an_attached_host() {
    let door = open_door().await;
    let client = Token::fresh();
    let mut tenant = Program::start(&["attached", &door.address], &client);
    let pids: Vec<u32> = soon(tenant.line("up ")).await.split(' ').map(|pid| pid.parse().unwrap()).collect();
    // They are the host's children, not the client's.
    assert_eq!(with_token(&door.token).len(), 1 + pids.len());
    let start = tokio::time::Instant::now();
    tenant.kill().await;
    gone(&client).await;
    all_end(&pids).await;
    println!("SUP-1 here: procs on an attached host end {:?} after their client was killed", start.elapsed());
    // The host lives, and serves the next.
    assert!(is_alive(door.program.pid()));
    let world = World::start().await;
    let cx = world.client();
    let addr: ChannelAddr = door.address.parse().unwrap();
    let hosts = soon(HostMesh::attach(cx, &[addr])).await.unwrap();
    let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 2))).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    soon(victims.pid().call(cx)).await.unwrap();
    world.end().await;
}

/// Nothing is heard of it, but its connection is there: it has not died.
async fn stopped_client_of_an_attached_host_is_not_gone() {
    let door = open_door().await;
    let client = Token::fresh();
    let mut tenant = Program::start(&["attached", &door.address], &client);
    let pids: Vec<u32> = soon(tenant.line("up ")).await.split(' ').map(|pid| pid.parse().unwrap()).collect();
    stop(tenant.pid()).await;
    // Twice what a lost connection is given.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(pids.iter().all(|pid| is_alive(*pid)), "{pids:?}");
    send_signal(tenant.pid(), Signal::CONT);
    tenant.kill().await;
    all_end(&pids).await;
}
