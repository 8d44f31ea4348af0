//! Entry points of mesh's procedural macros. Use them through the crate `mesh`, which re-exports them.
//!
//! The work is in `mesh-codegen`, an ordinary library; here is only what must stand in a crate of type `proc-macro`.

use proc_macro::TokenStream;

/// Makes an actor of an `impl` block.
///
/// ```text
/// #[actor]
/// impl Counter {
///     #[new]
///     fn new(start: i64) -> Self { Counter { n: start } }
///
///     /// Adds `by` and returns the new value.
///     #[handler]
///     pub async fn add(&mut self, by: i64) -> i64 { self.n += by; self.n }
/// }
/// ```
///
/// The block's helper attributes are read by name: `#[handler]`, `#[new]`, `#[on_start]`, `#[on_stop]`, `#[on_failure]`, `#[on_event]`
/// and `#[stream]` need no import.
///
/// Options:
///
/// - `name = "…"`: the stable name of the type; by default its module path and identifier
/// - `crate = path`: where mesh lives, if not at `::mesh`
/// - `handles(Message, …)`: messages with a hand-written `impl Handler<Message>`
/// - `resource(Kind = self.table, …)`: kinds of resources that the actor manages; gateways merge what is told of their states,
///   unless the actor is generic
/// - `parts(name, …)`: further `impl` blocks of the actor, each annotated `#[actor(part = name)]`, in any module of the crate
/// - `restart(max = 3, within = "1m", backoff = "100ms")`: when it fails it is made anew, by its `#[new]` constructor, with what is
///   queued kept: after a pause that doubles from `backoff` up to 30 s, and at most `max` times `within` a time; then its owner
///   hears of the failure. Such an actor is spawned by its spec: `cx.spawn_spec(Worker::spec(…))`, or on procs
/// - `mailbox(capacity = N, full = "wait" | "reject" | "drop_oldest")`: its bound, and what happens at the bound
///
/// # Generic actors
///
/// `impl<T: RemoteArg> Store<T>`: a parameter has bounds, `RemoteArg` where its values are in messages, and `Named` where the
/// actor is spawned by name. Each instance that is spawned remotely is listed: `mesh::register!(Store<u64>, Store<String>);`.
/// A handler has no parameters of its own, since one message on the wire cannot stand for every type, and no `impl Trait`
/// in its signature; const parameters belong to the actor too, lifetimes to neither. The replies of a generic actor are
/// reduced at the caller.
#[proc_macro_attribute]
pub fn actor(options: TokenStream, item: TokenStream) -> TokenStream {
    mesh_codegen::actor(options.into(), item.into()).into()
}

/// Marks a method of an `#[actor]` block that answers a message.
///
/// It takes `&mut self` or `&self`, at most 16 owned arguments, and `cx: &Context<Self>` wherever you like; it may be async. An
/// async handler with `&self` needs an actor that is `Sync`. One argument may be a port for a stream: `#[stream] out: PortRef<Item>`.
///
/// Options:
///
/// - `local`: callable in the same process only; arguments and reply need not be serialisable
/// - `name = "…"`: the name on the wire, if not that of the method
/// - `timeout = "5s"`: how long a caller waits that says nothing else; units `ms`, `s`, `m`, `h`
/// - `reduce = Reducer`: merges the replies of a mesh on their way back
/// - `message = Ident`: the name of the generated message, if not `ActorMethod`
#[proc_macro_attribute]
pub fn handler(_options: TokenStream, item: TokenStream) -> TokenStream {
    mesh_codegen::misplaced("handler", item.into()).into()
}

/// Marks the function of an `#[actor]` block that makes the actor, wherever it is spawned.
///
/// It returns `Self` or `Result<Self, E>`, may be async, and may take `&SpawnEnv`. Its other arguments are those of the generated
/// `Actor::spec(…)`, which is what a spawn ships.
#[proc_macro_attribute]
pub fn new(_options: TokenStream, item: TokenStream) -> TokenStream {
    mesh_codegen::misplaced("new", item.into()).into()
}

/// Marks the method of an `#[actor]` block that runs before the first message.
///
/// `async fn start(&mut self, cx: &Context<Self>)`; `async`, `cx` and a `Result` as return type are optional.
#[proc_macro_attribute]
pub fn on_start(_options: TokenStream, item: TokenStream) -> TokenStream {
    mesh_codegen::misplaced("on_start", item.into()).into()
}

/// Marks the method of an `#[actor]` block that runs after the last message.
///
/// `async fn stop(&mut self, cx: &Context<Self>)`; `async`, `cx` and a `Result` as return type are optional.
#[proc_macro_attribute]
pub fn on_stop(_options: TokenStream, item: TokenStream) -> TokenStream {
    mesh_codegen::misplaced("on_stop", item.into()).into()
}

/// Marks the method of an `#[actor]` block that hears of failures among what the actor owns.
///
/// `async fn failed(&mut self, cx: &Context<Self>, failure: Failure) -> Directive`; `async` and `cx` are optional.
#[proc_macro_attribute]
pub fn on_failure(_options: TokenStream, item: TokenStream) -> TokenStream {
    mesh_codegen::misplaced("on_failure", item.into()).into()
}

/// Marks the method of an `#[actor]` block that hears what happens to what the actor owns and is no failure of it: it was made anew, or
/// refused a message that nobody waits for.
///
/// `async fn told(&mut self, cx: &Context<Self>, event: SupervisionEvent)`; `async` and `cx` are optional.
#[proc_macro_attribute]
pub fn on_event(_options: TokenStream, item: TokenStream) -> TokenStream {
    mesh_codegen::misplaced("on_event", item.into()).into()
}

/// Makes a message of a struct or an enum: `#[message(reply = Type, name = "…", crate = path)]`; the reply is `()` by default.
///
/// The type must be `Serialize + Deserialize`. Actors answer it with `impl Handler<Message>`, listed in `#[actor(handles(Message))]`.
#[proc_macro_derive(Message, attributes(message))]
pub fn derive_message(item: TokenStream) -> TokenStream {
    mesh_codegen::derive_message(item.into()).into()
}

/// Gives a type a stable name, for the parameters of generic actors: `#[named(name = "…", crate = path)]`; without one it is the
/// module path and the identifier. The parameters of a generic type are named too.
#[proc_macro_derive(Named, attributes(named))]
pub fn derive_named(item: TokenStream) -> TokenStream {
    mesh_codegen::derive_named(item.into()).into()
}

/// Makes an actor of a type whose handlers are written by hand: `impl Handler<Message> for Probe`.
///
/// It is what `#[actor] impl Probe {}` does; a type has one of the two. Options as there: `#[actor(handles(Message, …), name = "…", …)]`.
#[proc_macro_derive(Actor, attributes(actor))]
pub fn derive_actor(item: TokenStream) -> TokenStream {
    mesh_codegen::derive_actor(item.into()).into()
}

/// Makes an actor that can be spawned anywhere from its own value: `procs.spawn(cx, "probes", Probe { … })`.
///
/// The type must be `Serialize + Deserialize`, and an actor, by `#[derive(Actor)]` or by `#[actor]` without `#[new]`.
#[proc_macro_derive(RemoteSpawn, attributes(actor))]
pub fn derive_remote_spawn(item: TokenStream) -> TokenStream {
    mesh_codegen::derive_remote_spawn(item.into()).into()
}

/// Starts the program: `#[mesh::main] async fn main(cx: &Client) -> mesh::Result<()>`.
///
/// A child process is diverted to its own work before the body runs. Option: `worker_threads = N`.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    mesh_codegen::main(options.into(), item.into()).into()
}

/// Makes a test: `#[mesh::test] async fn works(cx: &Client)`.
///
/// Procs live in the process and time is paused; `#[mesh::test(processes)]` starts real processes, in real time.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    mesh_codegen::test(options.into(), item.into()).into()
}

/// For items of the crate `mesh` alone: rustc shows no source of theirs beneath an error of a user's.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn quiet(_options: TokenStream, item: TokenStream) -> TokenStream {
    mesh_codegen::quiet(item.into()).into()
}

/// What `quiet` comes to.
#[doc(hidden)]
#[proc_macro]
pub fn begin_elsewhere(input: TokenStream) -> TokenStream {
    mesh_codegen::begin_elsewhere(input.into()).into()
}
