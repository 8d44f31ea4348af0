//! The link-time registry: what can be spawned by name, in this binary.
//!
//! `#[actor]` with a `#[new]` constructor submits an entry; a generic actor needs `mesh::register!(Store<u64>)` for each
//! instance. The table is made, and checked for duplicates, when a root value or a child starts.

mod local;

use std::any::type_name;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use mesh_macros::quiet;

use crate::actor::{Actor, Exporter, Handler, SpawnEnv, SpawnOptions, spawn_actor};
use crate::ident::name_hash;
use crate::message::{HandlerDescriptor, Message, Named, RemoteMessage};
use crate::outbox::{AdmitError, Outbox, Resident};
use crate::wire::codec::{DecodeError, Decoder, EncodeError, Encoder, Payload};
use crate::wire::hello::{ActorFingerprint, HandlerFingerprint};
pub(crate) use local::newborn;
pub use local::{MadeAnew, SpawnSpecError};

/// An actor that can be made in another process, from parameters that travel.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be spawned on a proc",
    label = "no remote constructor",
    note = "mark its constructor: `#[new] fn new(…) -> Self` inside the `#[actor] impl` block",
    note = "for a generic actor also write `mesh::register!(Concrete<Type>)`"
)]
pub trait RemoteSpawn: Actor + Named {
    /// What the constructor takes.
    type Params: Send + 'static;

    /// Appends the parameters, as they travel.
    ///
    /// # Errors
    /// [`EncodeError`], when a parameter cannot be serialised or is too large.
    fn encode_params(params: &Self::Params, out: &mut Encoder) -> Result<(), EncodeError>;

    /// Reads the parameters back.
    ///
    /// # Errors
    /// [`DecodeError`], when the bytes are not these parameters.
    fn decode_params(input: &mut Decoder<'_>) -> Result<Self::Params, DecodeError>;

    /// The parameters by name and schema, for the protocol fingerprint.
    fn params_schema() -> Vec<(&'static str, String)>;

    /// Makes the actor, in the process it will live in.
    fn create(params: Self::Params, env: &SpawnEnv) -> impl Future<Output = Result<Self, String>> + Send;
}

/// What a constructor may return.
#[diagnostic::on_unimplemented(
    message = "a `#[new]` constructor cannot return `{Self}`",
    label = "returns `{Self}`",
    note = "it returns the actor, or a `Result` with it whose error implements `Display`: it is told in words to whoever spawns"
)]
pub trait IntoActor<A> {
    /// The actor.
    ///
    /// # Errors
    /// Why it could not be made, in words.
    fn into_actor(self) -> Result<A, String>;
}

#[diagnostic::do_not_recommend]
impl<A: Actor> IntoActor<A> for A {
    fn into_actor(self) -> Result<A, String> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<A: Actor, E: std::fmt::Display> IntoActor<A> for Result<A, E> {
    fn into_actor(self) -> Result<A, String> {
        self.map_err(|error| error.to_string())
    }
}

/// How to make an `A` anywhere: what `A::spec(…)` gives and a spawn ships. See [`IntoSpec`].
#[quiet]
pub struct Spec<A: RemoteSpawn>(A::Params);

impl<A: RemoteSpawn> Spec<A> {
    /// The given parameters.
    pub fn new(params: A::Params) -> Spec<A> {
        Spec(params)
    }

    /// The parameters.
    pub fn params(&self) -> &A::Params {
        &self.0
    }

    /// The parameters, as they travel.
    ///
    /// # Errors
    /// [`EncodeError`], when a parameter cannot be serialised or is too large.
    pub fn encode(&self) -> Result<Payload, EncodeError> {
        let mut encoder = Encoder::without_parts();
        A::encode_params(&self.0, &mut encoder)?;
        encoder.finish()
    }
}

/// What an actor is made from where it is spawned by name: its spec, or, of a type under `#[derive(RemoteSpawn)]`, a value
/// of it.
#[diagnostic::on_unimplemented(
    message = "an actor cannot be spawned from `{Self}`",
    label = "expected a spec, found `{Self}`",
    note = "give the arguments of its constructor, `#[new] fn new(…)` in the `#[actor] impl` block: `{Self}::spec(…)`",
    note = "an actor whose values travel derives it: `#[derive(serde::Serialize, serde::Deserialize, mesh::RemoteSpawn)]`"
)]
pub trait IntoSpec: Send {
    /// The actor that is made.
    type Actor: RemoteSpawn;

    /// What is shipped to make it.
    fn into_spec(self) -> Spec<Self::Actor>;
}

#[diagnostic::do_not_recommend]
impl<A: RemoteSpawn> IntoSpec for Spec<A> {
    type Actor = A;

    fn into_spec(self) -> Spec<A> {
        self
    }
}

/// How a constructor is called among the handlers of a fingerprint: no handler can have this name by accident.
const CONSTRUCTOR: &str = "#[new]";

/// Starts an actor from encoded parameters.
type Spawn = fn(&Arc<Outbox>, &Payload, SpawnOptions) -> Result<Arc<dyn Resident>, RemoteSpawnError>;

/// Why an actor could not be started from encoded parameters.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteSpawnError {
    /// Its parameters are not what its constructor takes.
    #[error("the parameters of `{name}` do not decode: {reason}")]
    Params {
        /// The actor's type.
        name: String,
        /// What the codec said.
        reason: String,
    },
    /// Its proc does not take it.
    #[error(transparent)]
    Admit(#[from] AdmitError),
}

/// One type that can be spawned by name.
#[derive(Debug)]
pub struct SpawnEntry {
    name: fn() -> String,
    id: u64,
    place: &'static str,
    spawn: Spawn,
    handlers: fn() -> Vec<(u64, HandlerDescriptor)>,
    params_schema: fn() -> Vec<(&'static str, String)>,
}

/// A type's word, at link time, that it can be spawned by name.
#[derive(Debug)]
pub struct Registration(fn() -> SpawnEntry);

inventory::collect!(Registration);

impl Registration {
    /// Of what `make` makes.
    pub const fn of(make: fn() -> SpawnEntry) -> Registration {
        Registration(make)
    }
}

/// What was linked into this binary.
fn linked() -> &'static [SpawnEntry] {
    static LINKED: OnceLock<Vec<SpawnEntry>> = OnceLock::new();
    LINKED.get_or_init(|| inventory::iter::<Registration>.into_iter().map(|linked| (linked.0)()).collect())
}

/// What `mesh::register!` takes. Reached by a path through this trait, whose error shows nothing but the type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be spawned on a proc",
    label = "no remote constructor for this type",
    note = "mark its constructor: `#[new] fn new(…) -> Self` inside the `#[actor] impl` block",
    note = "the parameters of a generic actor have a stable name and travel: `T: mesh::Named + mesh::RemoteArg`; a type of your own derives `mesh::Named`"
)]
pub trait Registered {
    /// Its entry.
    fn entry(place: &'static str) -> SpawnEntry;
}
#[diagnostic::do_not_recommend]
impl<A: RemoteSpawn> Registered for A {
    fn entry(place: &'static str) -> SpawnEntry {
        SpawnEntry::of::<A>(place)
    }
}

/// Asserts that a type under `#[derive(RemoteSpawn)]` is an actor.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an actor",
    label = "`{Self}` does not implement `mesh::Actor`",
    note = "derive it, `#[derive(mesh::Actor, mesh::RemoteSpawn)]`, or annotate its impl block: `#[actor] impl {Self} {{ #[handler] async fn … }}`"
)]
pub trait NamedActor {
    /// Exists where it is.
    const FITS: () = ();
}
#[diagnostic::do_not_recommend]
impl<A: Actor + Named> NamedActor for A {}

/// The constructor of `A`, or nothing where a bound of its is missing: the assertion beside it says which, once.
#[derive(Debug)]
pub struct Constructed<A>(PhantomData<fn() -> A>);

impl<A> Constructed<A> {
    /// That of `A`.
    pub const OF: Constructed<A> = Constructed(PhantomData);
}

/// The entry of a type that can be spawned.
pub trait EntryOfActor {
    /// The entry, made at `place` in the source.
    fn entry<E>(&self, place: &'static str) -> SpawnEntry;
}
impl<A: RemoteSpawn> EntryOfActor for Constructed<A> {
    fn entry<E>(&self, place: &'static str) -> SpawnEntry {
        SpawnEntry::of::<A>(place)
    }
}

/// Stands in where a bound is missing. What only names it passes the type check, and its call cannot be built:
///
/// ```
/// use mesh::__private::{Constructed, EntryOfActor as _, EntryOfNothing as _};
/// fn never<E>() {
///     (&Constructed::<u8>::OF).entry::<E>("here");
/// }
/// fn main() {}
/// ```
///
/// ```compile_fail
/// use mesh::__private::{Constructed, EntryOfActor as _, EntryOfNothing as _};
/// fn never<E>() {
///     (&Constructed::<u8>::OF).entry::<E>("here");
/// }
/// fn main() {
///     never::<()>();
/// }
/// ```
pub trait EntryOfNothing {
    /// Cannot be built into a program: had no assertion spoken, it would have an actor that nothing can spawn. The size of
    /// `E` keeps the constant from being evaluated before it is called, which an optimized build tries.
    fn entry<E>(&self, _: &'static str) -> SpawnEntry {
        const { assert!(size_of::<E>() == usize::MAX, "the constructor of this actor lacks a bound") };
        unreachable!("it is not built")
    }
}
impl<A> EntryOfNothing for &Constructed<A> {}

impl SpawnEntry {
    /// The entry of `A`, made at `place` in the source.
    pub const fn of<A: RemoteSpawn>(place: &'static str) -> SpawnEntry {
        SpawnEntry {
            name: A::type_name,
            id: A::TYPE_ID,
            place,
            spawn: spawn_erased::<A>,
            handlers: descriptors::<A>,
            params_schema: A::params_schema,
        }
    }

    /// The actor's name.
    pub fn name(&self) -> String {
        (self.name)()
    }

    /// What is known of its handlers.
    pub fn handlers(&self) -> Vec<HandlerDescriptor> {
        (self.handlers)().into_iter().map(|(_, descriptor)| descriptor).collect()
    }

    fn fingerprint(&self) -> ActorFingerprint {
        let remote = (self.handlers)().into_iter().filter_map(|(_, descriptor)| {
            let schema = (descriptor.schema?)();
            Some(handler_fingerprint(descriptor.name, schema.args, &schema.reply))
        });
        let constructor = handler_fingerprint(CONSTRUCTOR, (self.params_schema)(), "");
        let mut handlers: Vec<HandlerFingerprint> = remote.chain([constructor]).collect();
        handlers.sort_by(|a, b| a.name.cmp(&b.name));
        ActorFingerprint { name: self.name(), handlers }
    }

    /// Starts the actor.
    ///
    /// # Errors
    /// [`RemoteSpawnError`], when the parameters do not decode or the proc does not take it.
    pub fn spawn(
        &self,
        outbox: &Arc<Outbox>,
        params: &Payload,
        options: SpawnOptions,
    ) -> Result<Arc<dyn Resident>, RemoteSpawnError> {
        (self.spawn)(outbox, params, options)
    }
}

fn handler_fingerprint(name: &str, args: Vec<(&'static str, String)>, reply: &str) -> HandlerFingerprint {
    let args = args.into_iter().map(|(name, schema)| (name.to_owned(), name_hash(&schema))).collect();
    HandlerFingerprint { name: name.to_owned(), args, reply: name_hash(reply) }
}

fn spawn_erased<A: RemoteSpawn>(
    outbox: &Arc<Outbox>,
    params: &Payload,
    options: SpawnOptions,
) -> Result<Arc<dyn Resident>, RemoteSpawnError> {
    decode_params::<A>(params)
        .map_err(|error| RemoteSpawnError::Params { name: A::type_name(), reason: error.to_string() })?;
    let birth = local::birth_in(params.clone(), options.ports.clone(), options.env.clone());
    Ok(spawn_actor::<A>(outbox, birth, options)?.resident())
}

/// Decodes all parameters of a constructor; nothing may be left over.
fn decode_params<A: RemoteSpawn>(params: &Payload) -> Result<A::Params, DecodeError> {
    let mut decoder = Decoder::new(params);
    let params = A::decode_params(&mut decoder)?;
    decoder.finish()?;
    Ok(params)
}

struct Describe(Vec<(u64, HandlerDescriptor)>);

impl<A: Actor> Exporter<A> for Describe {
    fn remote<M: RemoteMessage>(&mut self)
    where
        A: Handler<M>,
    {
        self.0.push((M::ID, M::DESCRIPTOR));
    }

    fn local<M: Message>(&mut self)
    where
        A: Handler<M>,
    {
        self.0.push((M::ID, M::DESCRIPTOR));
    }
}

/// The table of an actor's handlers: what clients, the fingerprint, introspection and tests read.
pub fn descriptors<A: Actor>() -> Vec<(u64, HandlerDescriptor)> {
    let mut describe = Describe(Vec::new());
    A::exports(&mut describe);
    describe.0
}

/// Why the registry of this binary cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Two actors have one name.
    #[error(
        "two actors are named `{name}`: at {first} and at {second}; give one of them another name with `#[actor(name = \"…\")]`"
    )]
    DuplicateActor {
        /// The name.
        name: String,
        /// Where the one is registered.
        first: &'static str,
        /// Where the other is.
        second: &'static str,
    },
    /// Two handlers of an actor have one name.
    #[error(
        "actor `{actor}` ({place}) has two handlers named `{handler}`; rename one with `#[handler(name = \"…\")]`"
    )]
    DuplicateHandler {
        /// The actor.
        actor: String,
        /// The handler.
        handler: &'static str,
        /// Where the actor is registered.
        place: &'static str,
    },
}

/// What can be spawned by name, in this binary.
#[derive(Debug)]
pub struct Registry {
    entries: BTreeMap<u64, &'static SpawnEntry>,
    fingerprints: Arc<Vec<ActorFingerprint>>,
}

/// An actor type is not in the registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "actor type `{name}` is not registered in this binary (of {registered} that are): mark its constructor `#[new]`; for a generic actor write `mesh::register!({short})`; if its crate is only linked, add `use its_crate as _;`"
)]
pub struct ActorTypeNotRegistered {
    /// The type's stable name.
    pub name: String,
    /// The type as it is written.
    pub short: String,
    /// How many types are registered.
    pub registered: usize,
}

impl ActorTypeNotRegistered {
    /// `A` is not among the `registered` types.
    pub fn of<A: Named>(registered: usize) -> ActorTypeNotRegistered {
        ActorTypeNotRegistered { name: A::type_name(), short: short_name(type_name::<A>()), registered }
    }
}

impl Registry {
    /// Collects what was linked into this binary, and checks it.
    ///
    /// # Errors
    /// [`RegistryError`], when two actors, or two handlers of one, have the same name.
    pub fn collect() -> Result<Registry, RegistryError> {
        Registry::of(linked().iter())
    }

    fn of(linked: impl Iterator<Item = &'static SpawnEntry>) -> Result<Registry, RegistryError> {
        let mut entries: BTreeMap<u64, &'static SpawnEntry> = BTreeMap::new();
        for entry in linked {
            if let Some(other) = entries.insert(entry.id, entry) {
                let (first, second) = (other.place.min(entry.place), other.place.max(entry.place));
                return Err(RegistryError::DuplicateActor { name: entry.name(), first, second });
            }
            let mut seen = BTreeMap::new();
            for (id, descriptor) in (entry.handlers)() {
                if seen.insert(id, ()).is_some() {
                    let (actor, place) = (entry.name(), entry.place);
                    return Err(RegistryError::DuplicateHandler { actor, handler: descriptor.name, place });
                }
            }
        }
        let mut fingerprints: Vec<ActorFingerprint> =
            entries.values().map(|entry| entry.fingerprint()).collect();
        fingerprints.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Registry { entries, fingerprints: Arc::new(fingerprints) })
    }

    /// The registered name of `A`.
    ///
    /// # Errors
    /// [`ActorTypeNotRegistered`], naming what is missing (`VERB-5`).
    pub fn name_of<A: Named>(&self) -> Result<String, ActorTypeNotRegistered> {
        match self.entries.get(&A::TYPE_ID) {
            Some(entry) => Ok(entry.name()),
            None => Err(ActorTypeNotRegistered::of::<A>(self.entries.len())),
        }
    }

    /// The entry of a type.
    pub fn entry(&self, type_id: u64) -> Option<&'static SpawnEntry> {
        self.entries.get(&type_id).copied()
    }

    /// How many types there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries, in a fixed order.
    pub fn entries(&self) -> impl Iterator<Item = &'static SpawnEntry> + '_ {
        self.entries.values().copied()
    }

    /// The protocol fingerprint of each registered actor.
    pub fn fingerprints(&self) -> &Arc<Vec<ActorFingerprint>> {
        &self.fingerprints
    }
}

/// `a::b::Store<c::T>` as `Store<T>`.
fn short_name(name: &str) -> String {
    let mut short = String::new();
    let mut word = String::new();
    for c in name.chars() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
        } else if c == ':' {
            word.clear();
        } else {
            short.push_str(&word);
            word.clear();
            short.push(c);
        }
    }
    short + &word
}

/// Registers actor types that are spawned on procs; `#[actor]` does it for those that are not generic.
///
/// ```
/// use mesh::prelude::*;
///
/// pub struct Store<T> { value: T }
///
/// #[actor]
/// impl<T: RemoteArg + Clone + Named> Store<T> {
///     #[new]
///     fn new(value: T) -> Self { Store { value } }
///     #[handler]
///     pub fn get(&mut self) -> T { self.value.clone() }
/// }
///
/// mesh::register!(Store<u64>, Store<String>);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! register {
    ($($actor:ty),+ $(,)?) => {
        $($crate::__private::inventory::submit! {
            $crate::__private::Registration::of(|| {
                <$actor as $crate::__private::Registered>::entry(::core::concat!(::core::file!(), ":", ::core::line!()))
            })
        })+
    };
}

#[cfg(test)]
mod tests;
