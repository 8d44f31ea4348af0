//! What does not come up says so, in words that help, and leaves nothing running (`PROC-2`, `VERB-5`).

use std::time::Duration;

use mesh::addr::ChannelAddr;
use mesh::bootstrap::UNINITIALISED_EXIT_CODE;
use mesh::config::{self, Config};
use mesh::gateway::DoorError;
use mesh::meshes::ProcOptions;
use mesh::prelude::*;
use mesh::transport::TransportError;
use mesh::{BootstrapCommand, SpawnError, Status};

use crate::actors::Victim;
use crate::proc_fs::{TOKEN, Token, gone};
use crate::program::{Program, Scratch};
use crate::world::{World, soon};

crate::tests![
    child_that_never_says_hello_is_named,
    child_that_exits_at_once_is_named,
    child_without_init_is_told_what_to_add,
    missing_program_is_named,
    program_without_init_spawns_nothing,
    empty_extent_is_refused,
    settings_of_a_spawn_reach_its_procs,
    address_in_use_is_named,
];

/// The error of a spawn whose children run another command, and the reason of its first rank.
async fn refused(config: Config, command: BootstrapCommand) -> (String, String) {
    let world = World::with(config).await;
    world.handle_failures();
    let cx = world.client();
    let mut command = command;
    command.env.push((TOKEN.into(), (&*world.token).into()));
    let options = ProcOptions::default().command(command);
    let host = this_host(cx).await.unwrap();
    let error = soon(host.spawn_procs_with(cx, extent!(workers = 2), options)).await.unwrap_err();
    let SpawnError::Failed { statuses, .. } = &error else { panic!("{error:?}") };
    let Some(Status::Failed { reason }) = statuses.get(0) else { panic!("{error}") };
    let (text, reason) = (error.to_string(), reason.clone());
    // Before the root goes.
    gone(&world.token).await;
    world.end().await;
    (text, reason)
}

async fn child_that_never_says_hello_is_named() {
    let config = Config::default().with(config::SPAWN_TIMEOUT, Duration::from_millis(300));
    let mut command = BootstrapCommand::new("sleep");
    command.args = vec!["600".into()];
    let (text, _) = refused(config, command).await;
    let parts = [
        "mesh workers",
        "2 of 2 ranks",
        "workers/0",
        "workers/1",
        "300 ms",
        "MESH_SPAWN_TIMEOUT",
        "mesh::init()",
    ];
    for part in parts {
        assert!(text.contains(part), "no {part} in: {text}");
    }
}

async fn child_that_exits_at_once_is_named() {
    let (_, reason) = refused(Config::default(), BootstrapCommand::new("true")).await;
    assert_eq!(reason, "the process of workers/0 ended before it said hello: exit code 0");
    let mut command = BootstrapCommand::new("sh");
    command.args = vec!["-c".into(), "echo no such library >&2; exit 127".into()];
    let (_, reason) = refused(Config::default(), command).await;
    assert_eq!(
        reason,
        "the process of workers/0 ended before it said hello: exit code 127; last on stderr: no such library"
    );
}

async fn child_without_init_is_told_what_to_add() {
    let mut command = BootstrapCommand::current_exe().unwrap();
    command.args = vec!["role".into(), "root-without-init".into()];
    let (_, reason) = refused(Config::default(), command).await;
    assert!(reason.contains(&format!("exit code {UNINITIALISED_EXIT_CODE}")), "{reason}");
    assert!(reason.contains("mesh::init()") && reason.contains("#[mesh::main]"), "{reason}");
}

async fn missing_program_is_named() {
    let (_, reason) = refused(Config::default(), BootstrapCommand::new("/nowhere/at/all")).await;
    assert_eq!(reason, "there is no program `/nowhere/at/all`");
}

async fn program_without_init_spawns_nothing() {
    let token = Token::fresh();
    let ended = soon(Program::start(&["root-without-init"], &token).end()).await;
    assert!(ended.status.success(), "{}", ended.stderr);
    let text = ended.stdout.concat();
    for part in ["mesh workers did not come up", "rank 0", "#[mesh::main]", "mesh::init()"] {
        assert!(text.contains(part), "no {part} in: {text}");
    }
    gone(&token).await;
}

async fn empty_extent_is_refused() {
    let world = World::start().await;
    let cx = world.client();
    let error = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 0)).await.unwrap_err();
    assert!(matches!(&error, SpawnError::Extent(_)), "{error:?}");
    assert!(error.to_string().contains("workers"), "{error}");
    world.end().await;
}

/// They are named as in the environment; a wrong one is named too.
async fn settings_of_a_spawn_reach_its_procs() {
    // The actor that never answers does not stop by itself.
    let world =
        World::with(Config::default().with(config::STOP_DRAIN_TIMEOUT, Duration::from_millis(100))).await;
    let cx = world.client();
    let host = this_host(cx).await.unwrap();
    let options = |name: &str, value: &str| ProcOptions::default().config(name, value);
    let procs = soon(host.spawn_procs_with(cx, extent!(workers = 1), options("MESH_CALL_TIMEOUT", "123ms")))
        .await
        .unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let timeout = soon(victims.rank(0).call_timeout().call(cx)).await.unwrap();
    assert_eq!(timeout, Duration::from_millis(123));
    let wrong = options("MESH_CALL_TIMEOOT", "1s");
    let error = soon(host.spawn_procs_with(cx, extent!(workers = 1), wrong)).await.unwrap_err().to_string();
    assert!(error.contains("MESH_CALL_TIMEOOT"), "{error}");
    world.end().await;
}

async fn address_in_use_is_named() {
    let world = World::start().await;
    let cx = world.client();
    let scratch = Scratch::fresh();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let path = scratch.path().join("door").to_string_lossy().into_owned();
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let addresses = [format!("tcp:{}", taken.local_addr().unwrap()), format!("unix:{path}")];
    for address in addresses {
        let addr: ChannelAddr = address.parse().unwrap();
        let error = soon(cx.serve(&addr)).await.unwrap_err();
        assert!(matches!(&error, DoorError::Transport(TransportError::AddrInUse { .. })), "{error:?}");
        assert_eq!(error.to_string(), format!("{address} is in use: something listens there already"));
    }
    // It is the same for a door of mesh's own.
    let addr: ChannelAddr = format!("unix:{}", scratch.path().join("own").display()).parse().unwrap();
    let listening = soon(cx.serve(&addr)).await.unwrap();
    let error = soon(cx.serve(&addr)).await.unwrap_err();
    assert!(matches!(&error, DoorError::Transport(TransportError::AddrInUse { .. })), "{error:?}");
    drop(listening);
    world.end().await;
}
