//! What a proc gets beside its program: environment, working directory, processors, a command around it; and that it gets
//! nothing else of its host's.

use std::os::fd::AsRawFd;

use mesh::meshes::ProcOptions;
use mesh::prelude::*;
use mesh::{HostMesh, ProcSetup, ProcessAllocator, SpawnError};

use crate::actors::Victim;
use crate::proc_fs::{TOKEN, gone};
use crate::program::Scratch;
use crate::world::{World, soon};

crate::tests![
    environment_and_directory_reach_the_procs_of_this_host,
    surroundings_reach_the_procs_of_hosts_and_differ_by_slot,
    procs_are_bound_to_processors,
    processor_that_is_not_there_is_named,
    clean_environment_has_what_is_declared,
    wrapper_stands_around_the_program,
    wrapper_that_is_not_there_is_named,
    slots_that_do_not_fit_are_refused,
    open_descriptors_of_a_host_are_not_in_its_procs,
];

const NAME: &str = "MESH_MARK_TEST_NAME";

/// Procs with `options` on `host`, and a victim in each.
async fn victims(
    cx: &Client,
    host: &mesh::HostMeshRef,
    workers: usize,
    options: ProcOptions,
) -> (ProcMesh, ActorMesh<Victim>) {
    let procs = soon(host.spawn_procs_with(cx, extent!(workers = workers), options)).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    (procs, victims)
}

async fn environment_and_directory_reach_the_procs_of_this_host() {
    let world = World::start().await;
    let cx = world.client();
    let scratch = Scratch::fresh();
    let dir = scratch.path().canonicalize().unwrap();
    let options = ProcOptions::default().setup(|setup| setup.env(NAME, "a value").cwd(&dir));
    let (_procs, victims) = victims(cx, &this_host(cx).await.unwrap(), 2, options).await;
    let all = soon(victims.variable(NAME.to_owned()).call(cx)).await.unwrap();
    assert_eq!(all.into_values(), [Some("a value".to_owned()), Some("a value".to_owned())]);
    // What the host has is inherited.
    assert_eq!(
        soon(victims.rank(0).variable(TOKEN.to_owned()).call(cx)).await.unwrap().as_deref(),
        Some(&*world.token)
    );
    assert_eq!(soon(victims.rank(1).directory().call(cx)).await.unwrap(), dir.to_string_lossy());
    world.end().await;
}

async fn surroundings_reach_the_procs_of_hosts_and_differ_by_slot() {
    let world = World::start().await;
    let cx = world.client();
    let allocator = ProcessAllocator::new(extent!(hosts = 2)).setup(|setup| setup.env("HOSTS_OWN", "yes"));
    let hosts = soon(HostMesh::allocate(cx, &allocator)).await.unwrap();
    let slot = |n: u32| ProcSetup::default().env(NAME, format!("slot {n}"));
    let options =
        ProcOptions::default().setup(|setup| setup.env(NAME, "all").cwd("/")).slots((0..2).map(slot));
    let (_procs, victims) = victims(cx, &hosts, 2, options).await;
    let names = soon(victims.variable(NAME.to_owned()).call(cx)).await.unwrap().into_values();
    let names: Vec<&str> = names.iter().map(|name| name.as_deref().unwrap()).collect();
    assert_eq!(names, ["slot 0", "slot 1", "slot 0", "slot 1"]);
    let inherited = soon(victims.rank(3).variable("HOSTS_OWN".to_owned()).call(cx)).await.unwrap();
    assert_eq!(inherited.as_deref(), Some("yes"));
    assert_eq!(soon(victims.rank(2).directory().call(cx)).await.unwrap(), "/");
    world.end().await;
}

/// The last of the processors that this process may use.
fn a_processor() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    list.trim().rsplit([',', '-']).next().unwrap().parse().unwrap()
}

async fn procs_are_bound_to_processors() {
    let world = World::start().await;
    let cx = world.client();
    let cpu = a_processor();
    let options = ProcOptions::default().slots([ProcSetup::default().cpus([cpu]), ProcSetup::default()]);
    let (_procs, victims) = victims(cx, &this_host(cx).await.unwrap(), 2, options).await;
    // As its worker threads see it.
    let lists = soon(victims.processors().call(cx)).await.unwrap().into_values();
    assert_eq!(lists[0], cpu.to_string());
    if std::thread::available_parallelism().unwrap().get() > 1 {
        assert_ne!(lists[1], lists[0]);
    }
    world.end().await;
}

/// Why the first rank did not come up.
async fn refused(options: ProcOptions) -> String {
    let world = World::start().await;
    let cx = world.client();
    let host = this_host(cx).await.unwrap();
    let error = soon(host.spawn_procs_with(cx, extent!(workers = 1), options)).await.unwrap_err();
    gone(&world.token).await;
    world.end().await;
    error.to_string()
}

async fn processor_that_is_not_there_is_named() {
    let text = refused(ProcOptions::default().setup(|setup| setup.cpus([0, 9999]))).await;
    assert!(text.contains("[0, 9999]") && text.contains("processor 9999"), "{text}");
}

async fn clean_environment_has_what_is_declared() {
    let world = World::start().await;
    let cx = world.client();
    let token = (*world.token).to_owned();
    let options =
        ProcOptions::default().setup(|setup| setup.clean_env().env(TOKEN, token).env(NAME, "declared"));
    let (_procs, victims) = victims(cx, &this_host(cx).await.unwrap(), 1, options).await;
    let names = soon(victims.rank(0).variables().call(cx)).await.unwrap();
    // The marker is taken out by the child itself.
    assert_eq!(names, [NAME, TOKEN]);
    world.end().await;
}

async fn wrapper_stands_around_the_program() {
    let world = World::start().await;
    let cx = world.client();
    // One that becomes the program, and one that stays around it.
    for wrapper in [vec!["env", "WRAPPED=yes"], vec!["sh", "-c", "WRAPPED=yes \"$0\" \"$@\"; exit $?"]] {
        let options = ProcOptions::default().setup(|setup| setup.wrapper(wrapper.clone()));
        let (procs, victims) = victims(cx, &this_host(cx).await.unwrap(), 2, options).await;
        let wrapped = soon(victims.variable("WRAPPED".to_owned()).call(cx)).await.unwrap();
        assert_eq!(wrapped.into_values(), [Some("yes".to_owned()), Some("yes".to_owned())], "{wrapper:?}");
        soon(procs.control().stop(cx)).await.unwrap();
    }
    assert!(cx.failures().is_empty(), "{:?}", cx.failures());
    world.end().await;
}

async fn wrapper_that_is_not_there_is_named() {
    let text =
        refused(ProcOptions::default().setup(|setup| setup.wrapper(["/nowhere/numactl", "-N0"]))).await;
    assert!(text.contains("there is no program `/nowhere/numactl`"), "{text}");
}

async fn slots_that_do_not_fit_are_refused() {
    let world = World::start().await;
    let cx = world.client();
    let options = ProcOptions::default().slots([ProcSetup::default(), ProcSetup::default()]);
    let host = this_host(cx).await.unwrap();
    let error = soon(host.spawn_procs_with(cx, extent!(workers = 3), options)).await.unwrap_err();
    assert!(matches!(error, SpawnError::Slots { slots: 2, per_host: 3, .. }), "{error}");
    world.end().await;
}

/// Also one that is not marked close-on-exec, as C libraries open them.
async fn open_descriptors_of_a_host_are_not_in_its_procs() {
    let world = World::start().await;
    let cx = world.client();
    let scratch = Scratch::fresh();
    let path = scratch.path().join("held");
    std::fs::write(&path, "").unwrap();
    let flags = rustix::fs::OFlags::RDONLY;
    let unmarked = rustix::fs::open(&path, flags, rustix::fs::Mode::empty()).unwrap();
    let (_reader, writer) = rustix::pipe::pipe().unwrap();
    // It would come through: a child of another kind has it.
    let other = std::process::Command::new("ls").args(["-l", "/proc/self/fd"]).output().unwrap();
    let listed = String::from_utf8(other.stdout).unwrap();
    assert!(listed.contains(&*path.to_string_lossy()), "{listed}");
    let pipe = std::fs::read_link(format!("/proc/self/fd/{}", writer.as_raw_fd())).unwrap();
    let (_procs, victims) = victims(cx, &this_host(cx).await.unwrap(), 1, ProcOptions::default()).await;
    let held = soon(victims.rank(0).descriptors().call(cx)).await.unwrap();
    assert!(!held.is_empty());
    for what in [path.to_string_lossy(), pipe.to_string_lossy()] {
        assert!(!held.iter().any(|link| *link == what), "{what} in {held:?}");
    }
    drop(unmarked);
    world.end().await;
}
