//! Failures reach whoever waits, and whoever owns (`CALL-1`, `SUP-2`, `SUP-3`).

use mesh::prelude::*;
use mesh::supervision::Subject;
use mesh::{CallErrorKind, Cause, ExitStatus};
use rustix::process::Signal;

use crate::actors::{Owner, Victim};
use crate::proc_fs::{Token, eventually, gone};
use crate::program::Program;
use crate::world::{KILLED, World, lost, send_signal, soon};

crate::tests![
    killed_worker_ends_the_call_to_it,
    killed_worker_fails_its_rank_only,
    exit_in_a_handler_is_told_with_its_last_words,
    panic_reaches_the_client,
    panic_reaches_the_actor_that_owns,
    unhandled_panic_ends_the_program,
    unhandled_exit_ends_the_program,
];

async fn killed_worker_ends_the_call_to_it() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let (_procs, victims) = world.victims(3).await;
    let victim = victims.rank(1);
    let pid = victim.pid().call(cx).await.unwrap();
    let (port, mut running) = cx.open_port::<usize>().unwrap();
    let call = victim.hang(port).call(cx);
    assert_eq!(running.receive().await.unwrap(), 1);
    send_signal(pid, Signal::KILL);

    let error = soon(call).await.unwrap_err();
    assert_eq!(lost(&error.kind).0, &KILLED);
    let text = error.to_string();
    for part in ["`hang`", "victims@workers/1", "rank 1", "signal 9 (SIGKILL)"] {
        assert!(text.contains(part), "no {part} in: {text}");
    }
    let later = soon(victims.rank(1).pid().call(cx)).await.unwrap_err();
    assert_eq!(later.kind, error.kind, "a later call hears the same");

    // The owner hears it once.
    let is_exit = |failure: &Failure| matches!(failure.cause, Cause::ProcExit { .. });
    let failure = soon(cx.failure(is_exit)).await;
    assert_eq!(failure.mesh.as_ref().map(ToString::to_string).as_deref(), Some("workers"));
    assert_eq!(failure.ranks, [1]);
    assert!(matches!(&failure.cause, Cause::ProcExit { exit, .. } if *exit == KILLED), "{failure}");
    assert!(failure.to_string().contains("workers/1"), "{failure}");
    assert_eq!(victims.rank(0).pid().call(cx).await.unwrap(), victims.rank(0).pid().call(cx).await.unwrap());
    let client = cx.clone();
    world.end().await;
    assert_eq!(client.failures().len(), 1, "{:?}", client.failures());
}

async fn killed_worker_fails_its_rank_only() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let (_procs, victims) = world.victims(4).await;
    let pid = victims.rank(2).pid().call(cx).await.unwrap();
    let (port, mut running) = cx.open_port::<usize>().unwrap();
    let each = victims.hang_at(2, port.clone()).call_each(cx);
    let all = victims.hang_at(2, port).call(cx);
    assert_eq!(running.receive().await.unwrap(), 2);
    send_signal(pid, Signal::KILL);

    let each = soon(each).await;
    for (rank, outcome) in each.values().iter().enumerate() {
        match outcome {
            Ok(value) => assert_eq!((rank, *value), (rank, rank)),
            Err(error) => {
                assert_eq!((rank, error.rank), (2, 2));
                assert_eq!(lost(&error.error.kind).0, &KILLED);
            }
        }
    }
    assert!(each.values()[2].is_err());
    let error = soon(all).await.unwrap_err();
    assert_eq!((error.failed.len(), error.ranks), (1, 4));
    let text = error.to_string();
    for part in ["1 of 4", "rank 2", "victims@workers/2", "signal 9 (SIGKILL)"] {
        assert!(text.contains(part), "no {part} in: {text}");
    }
    assert_eq!(error.partial.values(), [Some(0), Some(1), None, Some(3)]);

    let each = soon(victims.pid().call_each(cx)).await;
    let failed: Vec<bool> = each.values().iter().map(Result::is_err).collect();
    assert_eq!(failed, [false, false, true, false]);
    world.end().await;
}

async fn exit_in_a_handler_is_told_with_its_last_words() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let (_procs, victims) = world.victims(1).await;
    let words = vec!["the disk is full".to_owned(), "giving up".to_owned()];
    let error = soon(victims.rank(0).exit(3, words.clone()).call(cx)).await.unwrap_err();
    assert_eq!(lost(&error.kind), (&ExitStatus::Code(3), &words[..]));
    let text = error.to_string();
    assert!(text.contains("exit code 3") && text.contains("giving up"), "{text}");
    let failure = soon(cx.failure(|_| true)).await;
    let text = failure.to_string();
    assert!(text.contains("exit code 3") && text.contains("the disk is full"), "{text}");
    world.end().await;
}

#[track_caller]
fn is_panic_at(failure: &Failure, mesh: &str, rank: u32, said: &str) {
    assert_eq!(failure.mesh.as_ref().map(ToString::to_string).as_deref(), Some(mesh));
    assert_eq!(failure.ranks, [rank]);
    assert!(matches!(&failure.subject, Subject::Actor(id) if &*id.label.to_string() == mesh), "{failure}");
    let Cause::Panic { handler, message } = &failure.cause else { panic!("{failure:?}") };
    assert_eq!(handler, "panic");
    assert!(message.contains(said) && message.contains("actors.rs"), "{message}");
}

async fn panic_reaches_the_client() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let (procs, victims) = world.victims(2).await;
    let error = soon(victims.rank(1).panic("out of cheese".to_owned()).call(cx)).await.unwrap_err();
    assert!(matches!(&error.kind, CallErrorKind::ActorFailed { .. }), "{error}");
    assert!(error.to_string().contains("out of cheese"), "{error}");
    let failure = soon(cx.failure(|_| true)).await;
    is_panic_at(&failure, "victims", 1, "out of cheese");
    let later = soon(victims.rank(1).pid().call(cx)).await.unwrap_err();
    assert!(
        matches!(&later.kind, CallErrorKind::ActorFailed { .. } | CallErrorKind::ActorStopped),
        "{later}"
    );
    assert!(victims.rank(0).pid().call(cx).await.is_ok());
    // SUP-5
    let refused = soon(procs.spawn(cx, "more", Victim::spec())).await.map(drop).unwrap_err().to_string();
    assert!(refused.contains("rank 1") && refused.contains("out of cheese"), "{refused}");
    assert!(!refused.contains("rank 0:"), "{refused}");
    let client = cx.clone();
    world.end().await;
    assert_eq!(client.failures().len(), 1, "{:?}", client.failures());
}

async fn panic_reaches_the_actor_that_owns() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 2)).await.unwrap();
    let (told, mut failures) = cx.open_port::<Failure>().unwrap();
    let owners =
        procs.slice(0..1).spawn(cx, "owners", Owner::spec(procs.control().to_ref(), told)).await.unwrap();
    let owner = owners.rank(0);
    let owned = soon(owner.spawn().call(cx)).await.unwrap().unwrap();
    let error = soon(owned.rank(1).panic("a light one".to_owned()).call(cx)).await.unwrap_err();
    assert!(matches!(&error.kind, CallErrorKind::ActorFailed { .. }), "{error}");
    is_panic_at(&soon(failures.receive()).await.unwrap(), "owned", 1, "a light one");
    assert!(owner.lives().call(cx).await.unwrap(), "it has handled it");
    assert!(cx.failures().is_empty(), "{:?}", cx.failures());

    // What the owner does not handle is its own failure.
    let _ = soon(owned.rank(0).panic("a grave one".to_owned()).call(cx)).await.unwrap_err();
    is_panic_at(&soon(failures.receive()).await.unwrap(), "owned", 0, "a grave one");
    let failure = soon(cx.failure(|_| true)).await;
    assert_eq!(failure.mesh.as_ref().map(ToString::to_string).as_deref(), Some("owners"));
    assert_eq!(failure.chain().count(), 2, "{failure}");
    is_panic_at(failure.chain().last().unwrap(), "owned", 0, "a grave one");
    world.end().await;
}

/// What a program prints of a failure that nobody handled.
async fn unhandled(role: &str) -> String {
    let token = Token::fresh();
    let ended = soon(Program::start(&[role], &token).end()).await;
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(eventually(|| crate::proc_fs::with_token(&token).is_empty()).await);
    gone(&token).await;
    ended.stderr
}

async fn unhandled_panic_ends_the_program() {
    let stderr = unhandled("unhandled-panic").await;
    let told: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(told.len(), 1, "{stderr}");
    for part in ["victims@workers/0", "rank 0", "`panic`", "nobody expects it"] {
        assert!(told[0].contains(part), "no {part} in: {stderr}");
    }
}

async fn unhandled_exit_ends_the_program() {
    let stderr = unhandled("unhandled-exit").await;
    let told: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(told.len(), 1, "{stderr}");
    for part in ["workers/0", "rank 0", "exit code 3"] {
        assert!(told[0].contains(part), "no {part} in: {stderr}");
    }
    assert!(stderr.contains("stderr: last words"), "{stderr}");
}
