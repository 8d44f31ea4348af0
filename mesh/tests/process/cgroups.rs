//! With `MESH_CGROUP` nothing that a child has started outlives it, those with a session of their own neither (`PROC-1`).

use std::path::PathBuf;

use mesh::config::{self, CgroupParent, Config};
use mesh::prelude::*;
use mesh::{HostMesh, ProcessAllocator};
use rustix::process::Signal;

use crate::actors::Victim;
use crate::proc_fs::{Token, describe, eventually, gone, leads_a_session, with_token};
use crate::program::Program;
use crate::world::{World, send_signal, soon};

crate::tests![
    killed_proc_takes_a_grandchild_with_a_session_of_its_own,
    killed_host_takes_everything_below_it,
    killed_client_takes_everything_below_it,
    cgroup_that_cannot_be_had_is_named,
    no_cgroup_is_made_unasked,
];

/// The cgroup of this process, if children's can be made below it.
fn own() -> Option<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mount = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
    let mut fields = mount.split(' ').skip(3);
    let (root, point) = (fields.next()?, fields.next()?);
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap();
    let group = groups.lines().find_map(|line| line.strip_prefix("0::"))?.strip_prefix(root)?.to_owned();
    let path = PathBuf::from(point).join(group.trim_start_matches('/'));
    let probe = path.join(format!("probe-{}", std::process::id()));
    std::fs::create_dir(&probe).ok()?;
    let usable = probe.join("cgroup.kill").exists();
    std::fs::remove_dir(&probe).unwrap();
    usable.then_some(path)
}

/// The cgroups that process `pid` has made below `parent`.
fn made_by(parent: &std::path::Path, pid: u32) -> Vec<String> {
    let prefix = format!("mesh-{pid}-");
    let names = std::fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).filter(|name| name.starts_with(&prefix)).collect()
}

/// Says what is proven where cgroups cannot be had.
fn usable() -> Option<PathBuf> {
    let own = own();
    match &own {
        Some(path) => println!("PROC-1 here, with cgroups below {}: nothing escapes", path.display()),
        None => {
            println!("PROC-1 here: no cgroup v2 can be made below our own; proven is that the error says so")
        }
    }
    own
}

fn config() -> Config {
    Config::default().with(config::CHILD_WORKER_THREADS, 2).with(config::CGROUP, CgroupParent::Own)
}

/// One that leaves the session, and one that is forked twice besides.
const ESCAPES: &str = "setsid sleep 600 >/dev/null 2>&1 & (setsid sleep 600 >/dev/null 2>&1 &)";

/// Waits until `count` processes that carry the token lead sessions of their own.
async fn escaped(token: &str, count: usize) {
    let leaders = || with_token(token).iter().filter(|pid| leads_a_session(pid)).count();
    assert!(eventually(|| leaders() == count).await, "{:?}", describe(&with_token(token)));
}

async fn killed_proc_takes_a_grandchild_with_a_session_of_its_own() {
    let Some(own) = usable() else { return };
    let world = World::with(config()).await;
    world.handle_failures();
    let cx = world.client();
    let (procs, victims) = world.victims(2).await;
    soon(victims.shell(ESCAPES.to_owned()).call(cx)).await.unwrap();
    escaped(&world.token, 4).await;
    assert_eq!(made_by(&own, std::process::id()).len(), 2);
    send_signal(soon(victims.rank(0).pid().call(cx)).await.unwrap(), Signal::KILL);
    soon(cx.failure(|_| true)).await;
    // The end is reported when all of it is gone.
    escaped(&world.token, 2).await;
    assert_eq!(made_by(&own, std::process::id()).len(), 1);
    // One that is stopped in order takes the same with it.
    drop(procs);
    gone(&world.token).await;
    world.end().await;
    assert!(made_by(&own, std::process::id()).is_empty());
}

async fn killed_host_takes_everything_below_it() {
    let Some(own) = usable() else { return };
    let world = World::with(config()).await;
    world.handle_failures();
    let cx = world.client();
    let hosts = soon(HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 1)))).await.unwrap();
    let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 2))).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    soon(victims.shell(ESCAPES.to_owned()).call(cx)).await.unwrap();
    escaped(&world.token, 4).await;
    let host = soon(victims.rank(0).parent().call(cx)).await.unwrap();
    let start = tokio::time::Instant::now();
    send_signal(host, Signal::KILL);
    gone(&world.token).await;
    println!("PROC-1 here: no descendant of a killed host after {:?}", start.elapsed());
    // Removed with those below it.
    let removed = || made_by(&own, std::process::id()).is_empty();
    assert!(eventually(removed).await, "{:?}", made_by(&own, std::process::id()));
    world.end().await;
}

async fn killed_client_takes_everything_below_it() {
    let Some(own) = usable() else { return };
    let token = Token::fresh();
    let mut program = Program::start_with(&["family", ESCAPES], &token, &[("MESH_CGROUP", "own")]);
    soon(program.line("up")).await;
    escaped(&token, 8).await;
    let pid = program.pid();
    assert_eq!(made_by(&own, pid).len(), 4);
    let start = tokio::time::Instant::now();
    program.kill().await;
    gone(&token).await;
    println!("PROC-1 here: no descendant of a killed client after {:?}", start.elapsed());
    // Nobody was left to remove them; the next program does.
    assert_eq!(made_by(&own, pid).len(), 4);
    let token = Token::fresh();
    let next = Program::start_with(&["last-lines"], &token, &[("MESH_CGROUP", "own")]);
    let next_pid = next.pid();
    let ended = soon(next.end()).await;
    assert!(ended.status.success(), "{}", ended.stderr);
    assert_eq!((made_by(&own, pid), made_by(&own, next_pid)), (Vec::new(), Vec::new()));
}

async fn cgroup_that_cannot_be_had_is_named() {
    let nowhere = CgroupParent::At("/nowhere/at/all".into());
    let world = World::with(config().with(config::CGROUP, nowhere)).await;
    let cx = world.client();
    let error = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 1)).await.unwrap_err();
    let text = error.to_string();
    for part in ["MESH_CGROUP", "/nowhere/at/all", "cgroup v2"] {
        assert!(text.contains(part), "no {part} in: {text}");
    }
    world.end().await;
}

async fn no_cgroup_is_made_unasked() {
    let Some(own) = own() else { return };
    let world = World::start().await;
    let (_procs, _victims) = world.victims(1).await;
    assert!(made_by(&own, std::process::id()).is_empty());
    world.end().await;
}
