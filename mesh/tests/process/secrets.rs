//! The shared secret: children have it, and nobody finds it where their arguments or environment can be read.

use mesh::addr::ChannelAddr;
use mesh::config::{self, Config, Secret};
use mesh::prelude::*;
use mesh::{HostMesh, ProcessAllocator};

use crate::actors::Guest;
use crate::proc_fs::{Token, with_token};
use crate::program::Program;
use crate::world::{World, soon};

crate::tests![
    secret_reaches_children_and_is_in_no_argument_and_no_environment,
    secret_of_an_environment_is_not_in_that_of_children,
];

const SECRET: &str = "what no other process on this machine says";

fn config(secret: Option<&str>) -> Config {
    let secret = secret.map_or_else(Secret::default, |secret| Secret::new(secret).unwrap());
    Config::default().with(config::CHILD_WORKER_THREADS, 2).with(config::SECRET, secret)
}

/// The processes with `token` whose arguments or environment tell the secret.
fn who_tells(token: &str) -> Vec<u32> {
    let tells = |pid: &u32| {
        ["cmdline", "environ"].iter().any(|file| {
            let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap();
            bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
        })
    };
    with_token(token).into_iter().map(|pid| pid.as_raw_pid().unsigned_abs()).filter(tells).collect()
}

/// A door on the network, as far as mesh knows, which opens to who knows the secret.
async fn door() -> (World, mesh::gateway::Listening, ChannelAddr) {
    let world = World::with(config(Some(SECRET))).await;
    let listening = world.client().serve(&"tcp:127.0.0.1:0".parse().unwrap()).await.unwrap();
    let addr = listening.addr().clone();
    (world, listening, addr)
}

async fn secret_reaches_children_and_is_in_no_argument_and_no_environment() {
    let (behind, _listening, addr) = door().await;
    let world = World::with(config(Some(SECRET))).await;
    let cx = world.client();
    // Of this process, and of a host that this process has started.
    let own = soon(this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 2))).await.unwrap();
    let hosts = soon(HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 1)))).await.unwrap();
    let theirs = soon(hosts.spawn_procs(cx, extent!(gpus = 2))).await.unwrap();
    for procs in [&own, &theirs] {
        let guests = procs.spawn(cx, "guests", Guest::spec()).await.unwrap();
        let let_in = soon(guests.attach(addr.to_string()).call(cx)).await.unwrap();
        assert_eq!(let_in.values(), [Ok(()), Ok(())], "they know it");
    }
    assert_eq!(with_token(&world.token).len(), 5, "two procs, a host, and two procs of its own");
    assert_eq!(who_tells(&world.token), []);
    // One that was not given it is not let in: the door does ask.
    let other = World::with(config(None)).await;
    let cx = other.client();
    let procs = soon(this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 1))).await.unwrap();
    let guests = procs.spawn(cx, "guests", Guest::spec()).await.unwrap();
    let refused = soon(guests.rank(0).attach(addr.to_string()).call(cx)).await.unwrap().unwrap_err();
    assert!(refused.contains("asks for the shared secret"), "{refused}");
    other.end().await;
    world.end().await;
    behind.end().await;
}

async fn secret_of_an_environment_is_not_in_that_of_children() {
    let token = Token::fresh();
    let mut program = Program::start_with(&["family-of-hosts", "true"], &token, &[("MESH_SECRET", SECRET)]);
    soon(program.line("up")).await;
    assert!(with_token(&token).len() > 6, "the program, two hosts, four procs");
    assert_eq!(who_tells(&token), [program.pid()], "its own, which it was given");
    program.kill().await;
    crate::proc_fs::gone(&token).await;
}
