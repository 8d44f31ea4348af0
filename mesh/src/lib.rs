//! Actors for Rust programs that outgrow one process.
//!
//! Annotate an `impl` block. Its handlers become methods of a local handle, of a reference that can be sent anywhere, and of
//! a typed mesh of actors in many OS processes:
//!
//! ```no_run
//! use mesh::prelude::*;
//!
//! pub struct Counter {
//!     n: i64,
//! }
//!
//! #[actor]
//! impl Counter {
//!     #[new] // runs in the process that the actor will live in
//!     fn new(start: i64) -> Self {
//!         Counter { n: start }
//!     }
//!
//!     /// Adds `by` and returns the new value.
//!     #[handler]
//!     pub fn add(&mut self, by: i64) -> i64 {
//!         self.n += by;
//!         self.n
//!     }
//! }
//!
//! #[mesh::main]
//! async fn main(cx: &Client) -> mesh::Result<()> {
//!     let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 4)).await?; // four OS processes
//!     let counters = procs.spawn(cx, "counters", Counter::spec(10)).await?; // an actor in each
//!     println!("{}", counters.add(3).call(cx).await?); // [13 ×4]
//!     println!("{}", counters.add(0).reduce(Sum).call(cx).await?); // 52
//!     Ok(())
//! }
//! ```
//!
//! # One actor
//!
//! An actor handles one message at a time, in the order in which a sender sent them. [`Client::spawn`] and
//! [`Context::spawn`] start one in this process and give an [`ActorHandle`], which moves messages and never encodes them.
//! [`control().to_ref()`](actor::ActorControl::to_ref), and in a handler [`cx.this()`](Context::this), give an [`ActorRef`]:
//! it works from anywhere, and can stand in messages. A message of more than 128 KiB to another process is cut, and those of
//! other senders pass it by; what the same sender sends to that process later waits for it.
//!
//! ```
//! # mesh::root::run_test(async |cx| {
//! # use mesh::prelude::*;
//! # struct Counter { n: i64 }
//! # #[actor] impl Counter { #[handler] fn add(&mut self, by: i64) -> i64 { self.n += by; self.n } }
//! let counter: ActorHandle<Counter> = cx.spawn(Counter { n: 10 });
//! counter.add(1).send(cx)?; // no reply
//! assert_eq!(counter.add(1).call(cx).await?, 12);
//!
//! let anywhere: ActorRef<Counter> = counter.control().to_ref();
//! assert_eq!(anywhere.add(1).call(cx).await?, 13);
//! # Ok::<(), mesh::Error>(())
//! # });
//! ```
//!
//! # Verbs
//!
//! A generated method makes a [`Request`](request::Request), and a verb sends it. A verb that a target lacks is a compile
//! error that says which targets have it.
//!
//! | verb | on one actor | on a mesh |
//! |---|---|---|
//! | `send(cx)` | no reply, never waits: a full mailbox gives the message back | |
//! | `send_wait(cx)` | no reply; waits for room, first come first served | |
//! | `cast(cx)` | | to every rank, no reply |
//! | `call(cx)` | the reply | a [`ValueMesh`] of replies; if ranks fail, an error with their names and the other replies |
//! | `try_call(cx)` | of a handler that returns a `Result`: its error and the call's as one | |
//! | `call_each(cx)` | | a [`ValueMesh`] with a `Result` for each rank |
//! | `choose(cx)` | | the reply of one rank, the less busy of two |
//! | `stream(cx)` | the items of a `#[stream]` port | replies, or items, as they come |
//! | `reduce(R).call(cx)` | | the replies merged by a [`Reducer`]: [`Sum`], [`Max`], [`Min`], [`Concat`], [`Collect`], [`Merge`], your own |
//!
//! A verb sends at once; what it returns borrows nothing, so that it can be collected, stored, spawned:
//!
//! ```
//! # mesh::root::run_test(async |cx| {
//! # use mesh::prelude::*;
//! # struct Counter { n: i64 }
//! # #[actor] impl Counter { #[handler] fn add(&mut self, by: i64) -> i64 { self.n += by; self.n } }
//! # let counter = cx.spawn(Counter { n: 0 });
//! use std::time::Duration;
//!
//! let sent: Vec<_> = (1..=3).map(|by| counter.add(by).timeout(Duration::from_secs(1)).call(cx)).collect();
//! let mut replies = Vec::new();
//! for pending in sent {
//!     replies.push(pending.await?);
//! }
//! assert_eq!(replies, [1, 3, 6]);
//! # Ok::<(), mesh::Error>(())
//! # });
//! ```
//!
//! A handler with a `#[stream]` port answers as often as it likes; its only verb is `stream`, which gives a
//! [`Port`](port::Port) of what is posted, of every rank alike on a mesh:
//!
//! ```
//! # mesh::root::run_test(async |cx| {
//! # use mesh::prelude::*;
//! struct Thermometer {
//!     watchers: Vec<PortRef<f64>>,
//! }
//!
//! #[actor]
//! impl Thermometer {
//!     #[handler]
//!     fn watch(&mut self, #[stream] out: PortRef<f64>) {
//!         self.watchers.push(out);
//!     }
//!
//!     #[handler]
//!     fn measured(&mut self, cx: &Context<Self>, celsius: f64) {
//!         self.watchers.retain(|watcher| watcher.post(cx, celsius).is_ok());
//!     }
//! }
//!
//! let thermometer = cx.spawn(Thermometer { watchers: Vec::new() });
//! let mut celsius = thermometer.watch().stream(cx)?;
//! thermometer.measured(21.5).send(cx)?;
//! assert_eq!(celsius.receive().await?, 21.5);
//! # Ok::<(), mesh::Error>(())
//! # });
//! ```
//!
//! # Meshes
//!
//! Three values stack, each with an owner: dropping one stops what is in it. A [`HostMesh`] is machines that can start
//! procs, a [`ProcMesh`] is actor runtimes, one OS process each, and an [`ActorMesh`] is one actor on each of them. Its
//! [`ActorMeshRef`] is a view that can be sent and sliced by name, `mesh.slice(("gpus", 0..2))`, and `mesh.rank(3)` is the
//! [`ActorRef`] of one rank. What is not a handler is under `control()`: its size, `mesh.control().len()`, its shape, its
//! status, `to_ref()`. Shapes are made with [`extent!`]; see [`shape`].
//!
//! # Messages of your own
//!
//! Where many actors share a protocol, its messages are types of their own, and each actor has a [`Handler`] for them. They
//! are sent with `message(…)` and the same verbs. [`behavior!`] names a set of them, so that a reference can be handed out
//! without the actor's type: `Watched::of(&probe)`.
//!
//! ```
//! # mesh::root::run_test(async |cx| {
//! use mesh::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize, mesh::Message)]
//! #[message(reply = bool)]
//! struct IsWell;
//!
//! #[derive(Serialize, Deserialize, mesh::Actor, mesh::RemoteSpawn)]
//! #[actor(handles(IsWell))]
//! struct Probe {
//!     limit: u32,
//! }
//!
//! impl Handler<IsWell> for Probe {
//!     async fn handle(&mut self, _cx: &Context<Self>, _message: IsWell) -> bool {
//!         self.limit > 0
//!     }
//! }
//!
//! let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 2)).await?;
//! let probes = procs.spawn(cx, "probes", Probe { limit: 3 }).await?;
//! assert_eq!(probes.message(IsWell).call(cx).await?.values(), [true, true]);
//! # Ok::<(), mesh::Error>(())
//! # });
//! ```
//!
//! # Failure
//!
//! Every await ends, with a reply or a [`CallError`] that names actor, mesh and rank, and why: see [`call::CallErrorKind`].
//! A handler's `Err` is an answer, and the actor lives on. A panic, or a returned [`Fatal`], ends the actor: its owner, which
//! is whoever spawned it, hears of it in `#[on_failure]`, or through [`Client::on_failure`]. What nobody handles fails the
//! owner in turn, and at the top ends the program with the chain of causes printed.
//!
//! ```
//! # mesh::root::run_test(async |cx| {
//! use mesh::prelude::*;
//!
//! struct Worker;
//!
//! #[actor]
//! impl Worker {
//!     #[handler]
//!     fn divide(&self, a: i64, b: i64) -> i64 {
//!         a / b
//!     }
//! }
//!
//! struct Boss {
//!     worker: Option<ActorHandle<Worker>>,
//! }
//!
//! #[actor]
//! impl Boss {
//!     #[handler]
//!     async fn ask(&mut self, cx: &Context<Self>, a: i64, b: i64) -> Result<i64, CallError> {
//!         let worker = self.worker.get_or_insert_with(|| cx.spawn(Worker));
//!         worker.divide(a, b).call(cx).await
//!     }
//!
//!     #[on_failure]
//!     fn replace(&mut self, _failure: Failure) -> Directive {
//!         self.worker = None;
//!         Directive::Handled
//!     }
//! }
//!
//! let boss = cx.spawn(Boss { worker: None });
//! let error = boss.ask(1, 0).call(cx).await?.unwrap_err();
//! assert!(error.to_string().contains("attempt to divide by zero"), "{error}");
//! assert_eq!(boss.ask(6, 2).try_call(cx).await?, 3);
//! # Ok::<(), mesh::Error>(())
//! # });
//! ```
//!
//! What has failed can be made anew from its spec, under the references that there are and with a higher incarnation: an
//! actor by `#[actor(restart(..))]` or where its owner says [`Directive::Restart`] (see [`Context::spawn_spec`]), and the rank
//! of a process that has died by [`RankPolicy::RespawnRank`] (see
//! [`ProcOptions::policy`](meshes::ProcOptions::policy)), on a spare or another host when its own is lost. Owners hear of that in `#[on_event]`. The README has a table of what
//! becomes of messages at each of these ends.
//!
//! # Ports
//!
//! A [`PortRef`] can stand in any message; whoever has it posts items to the [`Port`](port::Port) that it belongs to. Every
//! caller can open one: [`open_port`](CallerPorts::open_port), [`open_once_port`](CallerPorts::open_once_port),
//! [`open_accumulating_port`](CallerPorts::open_accumulating_port), whose items are merged by a reducer, on their way too, and
//! which gives what they amount to once in an interval, and [`open_accumulator`](CallerPorts::open_accumulator), which folds
//! items into a state of your own as they come.
//!
//! # Names, and two builds
//!
//! An actor type is known by its module path and its name, a handler by the name of its method: renaming one of them is
//! renaming it for every peer. `#[actor(name = "…")]` and `#[handler(name = "…")]` make a name that stays. Two actors of one
//! name are an error when the program starts, which shows both places. Where mesh itself has another name, `grid = { package =
//! "mesh", … }` in `Cargo.toml`, annotations are told so: `#[actor(crate = grid)]`, `#[grid::main(crate = grid)]`.
//!
//! When two programs connect, they compare the actors that both have, in whatever order their handlers stand: the names of
//! the handlers, the names and the structure of the arguments, those of `#[new]` too, and the structure of the replies. A peer
//! whose handler differs is refused, and both sides name the actor, the handler and the argument. A peer that has one actor
//! more is not refused.
//!
//! The structure of a type is what its own `Deserialize` asks for, see [`schema`]: nothing is derived for it, so types of
//! other crates take part as they are, by the names and types of their fields and variants. That is what matters on the wire:
//! two versions of a crate whose type has kept its form talk to one another, and one whose type has changed is refused, be the
//! version the same. A `Deserialize` that accepts none of the values that it is tried with hides its structure; such a type is
//! compared by its path, and, where the program says one, by a text: `mesh::identity!(geo::Shape = "geo.Shape 2")`, see
//! [`identity!`]. (The version of another crate is not to be had in a program: where it is what tells two forms apart, it is for
//! that text.) A message that does not fit all the same ends its call with [`CallErrorKind::Decode`].
//!
//! Types that stand for the parameters of generic actors have a name: [`derive(Named)`](macro@Named).
//!
//! # Tests
//!
//! `#[mesh::test]` gives a client whose procs are in this process, on paused time: an hour of timeouts takes no time.
//! `#[mesh::test(processes)]` gives real child processes, each the test binary again.
//!
//! ```
//! # #[allow(dead_code)]
//! # mod example {
//! # use mesh::prelude::*;
//! # struct Counter { n: i64 }
//! # #[actor] impl Counter {
//! #     #[new] fn new(n: i64) -> Self { Counter { n } }
//! #     #[handler] fn add(&mut self, by: i64) -> i64 { self.n += by; self.n }
//! # }
//! #[mesh::test]
//! async fn all_ranks_add(cx: &Client) -> mesh::Result<()> {
//!     let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 3)).await?;
//!     let counters = procs.spawn(cx, "counters", Counter::spec(1)).await?;
//!     assert_eq!(counters.add(1).call(cx).await?.values(), [2, 2, 2]);
//!     Ok(())
//! }
//! # }
//! ```
//!
//! # Where to go on
//!
//! [`contracts`] is what is promised, and what is not yet. [`config`] has every setting. The modules are the layers of the
//! system, each with its invariants: users need little beyond the [`prelude`].

extern crate self as mesh;

#[cfg(not(unix))]
compile_error!(
    "mesh runs on Linux, and compiles on macOS: it needs unix sockets, process groups and signals"
);

pub mod activity;
pub mod actor;
pub mod addr;
pub mod admin;
pub mod agent;
pub mod behavior;
pub mod bootstrap;
pub mod call;
pub mod cast;
pub mod client;
pub mod clock;
pub mod config;
#[doc = include_str!("contracts.md")]
pub mod contracts {}
pub mod event;
pub mod gateway;
pub mod host;
pub mod ident;
pub mod inspect;
pub mod link;
pub mod log;
pub mod mailbox;
pub mod meshes;
pub mod message;
pub mod outbox;
pub mod port;
pub mod proc;
mod quiet;
pub mod reduce;
pub mod registry;
pub mod request;
pub mod resource;
pub mod root;
pub mod schema;
pub mod shape;
pub mod supervision;
pub mod sync;
pub mod transport;
pub mod value;
pub mod watchdog;
pub mod wire;
pub mod worker;

pub use mesh_macros::{
    Actor, Message, Named, RemoteSpawn, actor, handler, main, new, on_event, on_failure, on_start, on_stop,
    test,
};

pub use crate::actor::{
    Actor, ActorHandle, ActorRef, Api, Caller, Context, Exporter, Handler, SpawnEnv, Target,
};
pub use crate::addr::ChannelAddr;
pub use crate::bootstrap::{BootstrapCommand, ProcSetup};
pub use crate::call::{CallError, CallErrorKind, RankError, SendError, TryCallError};
pub use crate::client::Client;
pub use crate::mailbox::{FullPolicy, MailboxConfig};
pub use crate::meshes::{
    ActorMesh, ActorMeshRef, HostMesh, HostMeshRef, ProcMesh, ProcMeshRef, ProcessAllocator, SpawnError,
    this_host, this_proc,
};
pub use crate::message::{Message, Named, RemoteArg, RemoteMessage, RemoteReply};
pub use crate::reduce::{Collect, Concat, Max, Merge, Min, Reducer, Sum};
pub use crate::registry::{IntoSpec, RemoteSpawn, Spec};
pub use crate::request::{CallerPorts, MeshCallError, PortRef};
pub use crate::resource::{Resource, ResourceTable};
pub use crate::root::{Error, Launch, Root, RootOptions, init};
pub use crate::shape::{Extent, Point, Region};
pub use crate::supervision::{
    Cause, Directive, ExitStatus, Failure, Fatal, RankPolicy, RestartPolicy, SupervisionEvent,
    SupervisionEventKind,
};
pub use crate::value::{Status, StatusMesh, ValueMesh};
pub use crate::wire::codec::Part;

/// What `main` and tests return: any error, printed with its causes.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything a program that uses mesh names: `use mesh::prelude::*;`.
pub mod prelude {
    pub use crate::{
        ActorHandle, ActorMesh, ActorMeshRef, ActorRef, CallError, Caller, CallerPorts, Client, Collect,
        Concat, Context, Directive, Extent, Failure, Fatal, Handler, HostMesh, Max, Merge, Min, Named,
        PortRef, ProcMesh, ProcessAllocator, Reducer, RemoteArg, SpawnEnv, Sum, SupervisionEvent,
        TryCallError, ValueMesh, actor, extent, handler, new, on_event, on_failure, on_start, on_stop,
        this_host, this_proc,
    };
}

#[doc(hidden)]
pub mod __private {
    //! Names for generated code; nothing written by hand uses it.
    pub use std::future::Future;
    pub use std::marker::{PhantomData, Send};
    pub use std::option::Option;
    pub use std::result::Result;
    pub use std::string::String;
    pub use std::time::Duration;
    pub use std::vec::Vec;

    pub use inventory;

    pub use crate::client::Client;
    pub use crate::root::{MainOptions, MainOutput, run_main, run_process_test, run_test};

    pub use crate::actor::{
        Actor, Api, Context, Exported, Exporter, Exports, Handler, Handles, HookResult, ListedPart, Lists,
        NameByParameters, NoName, OwnName, Part, PartOf, ShowAll, ShowNothing, SpawnEnv, Target,
        UnlistedPart, UnwrittenPart, WrittenPart, handle_plain,
    };
    pub use crate::behavior::{BehaviorApi, BehaviorSource};
    pub use crate::ident::{name_hash, name_mix};
    pub use crate::mailbox::{FullPolicy, MailboxConfig};
    pub use crate::message::*;
    pub use crate::reduce::Reducer;
    pub use crate::registry::{
        Constructed, EntryOfActor, EntryOfNothing, IntoActor, IntoSpec, MadeAnew, NamedActor, Registered,
        Registration, RemoteSpawn, SpawnEntry, Spec,
    };
    pub use crate::request::{PortRef, Request, StreamRequest};
    pub use crate::resource::{KindMerge, Manages, Resource, ResourceTable, export_resource};
    pub use crate::schema::{Identity, schema_of};
    pub use crate::supervision::{Directive, Failure, Fatal, RestartPolicy, SupervisionEvent};
    pub use crate::wire::codec::{DecodeError, Decoder, EncodeError, Encoder};
}
