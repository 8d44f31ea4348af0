//! The verbs, handled for every kind.

use std::marker::PhantomData;

use super::table::{Told, Watcher};
use super::{Manages, Progress, Resource, ResourceKey, ResourceState, ResourceTable, StateOverlay};
use crate::actor::{Actor, Context, Handler};
use crate::ident::{Label, Uid, name_hash, name_mix};
use crate::message::{HandlerDescriptor, HandlerSchema, Message, RemoteMessage};
use crate::request::PortRef;
use crate::schema::schema_of;
use crate::value::{StandingOverlay, Status, StatusClass, StatusOverlay};
use crate::wire::codec::{DecodeError, Decoder, EncodeError, Encoder};

/// Declares a verb: its fields, its reply, and how they are encoded.
macro_rules! verb {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* } -> $reply:ty, deferred $deferred:literal) => {
        $(#[$doc])*
        pub struct $name<R: Resource> {
            $($(#[$field_doc])* pub $field: $type,)*
            kind: PhantomData<fn() -> R>,
        }

        impl<R: Resource> $name<R> {
            /// The verb, of kind `R`.
            #[allow(clippy::new_without_default, reason = "one of the verbs has no fields")]
            pub fn new($($field: $type),*) -> $name<R> {
                $name { $($field,)* kind: PhantomData }
            }
        }

        #[diagnostic::do_not_recommend]
        impl<R: Resource> Message for $name<R> {
            type Reply = $reply;
            const NAME: &'static str = stringify!($name);
            const ID: u64 = name_mix(name_hash(stringify!($name)), name_hash(R::NAME));
            const DEFERRED: bool = $deferred;
            const DESCRIPTOR: HandlerDescriptor = HandlerDescriptor {
                schema: Some(<$name<R> as RemoteMessage>::schema),
                ..HandlerDescriptor::new(stringify!($name))
            };
        }

        #[diagnostic::do_not_recommend]
        impl<R: Resource> RemoteMessage for $name<R> {
            fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
                $(out.put(&self.$field)?;)*
                let _ = out;
                Ok(())
            }
            fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                $(let $field = input.get()?;)*
                let _ = input;
                Ok($name { $($field,)* kind: PhantomData })
            }
            fn encode_reply(reply: &$reply, out: &mut Encoder) -> Result<(), EncodeError> {
                out.put(reply)
            }
            fn decode_reply(input: &mut Decoder<'_>) -> Result<$reply, DecodeError> {
                input.get()
            }
            fn schema() -> HandlerSchema {
                let args = vec![$((stringify!($field), schema_of::<$type>())),*];
                HandlerSchema { args, reply: schema_of::<$reply>() }
            }
        }
    };
}

verb! {
    /// Makes a resource, or brings it to another spec. Its outcome is state.
    CreateOrUpdate {
        /// The id.
        id: Uid,
        /// The name for people.
        label: Label,
        /// What is wanted.
        spec: R::Spec,
    } -> (), deferred false
}
verb! {
    /// Ends a resource.
    Stop {
        /// The id.
        id: Uid,
        /// Why, for people.
        why: String,
    } -> (), deferred false
}
verb! {
    /// Ends all resources of the kind; no new ones are made.
    StopAll {
        /// Why, for people.
        why: String,
    } -> (), deferred false
}
verb! {
    /// Asks for the state of a resource.
    GetState {
        /// The id.
        id: Uid,
    } -> ResourceState<R::State>, deferred false
}
verb! {
    /// Asks for the status of a resource, at once, as an overlay at the rank in the caller's view.
    GetRankStatus {
        /// The id.
        id: Uid,
    } -> StatusOverlay, deferred false
}
verb! {
    /// Asks for the status of a resource when it is at least `at_least`; the resource need not exist yet.
    WaitRankStatus {
        /// The id.
        id: Uid,
        /// The least status that is answered.
        at_least: StatusClass,
    } -> StatusOverlay, deferred true
}
verb! {
    /// Asks for the state of a resource now, and at each change, as overlays at the rank in the caller's view. They are
    /// merged on their way where the port is an accumulating one: of each rank the newest is kept, and ranks that are alike
    /// are one run.
    ///
    /// ```
    /// # mesh::root::run_test(async |cx| {
    /// # use mesh::prelude::*;
    /// # use mesh::ident::Uid;
    /// # use mesh::resource::{CreateOrUpdate, Progress, Resource, ResourceKey, ResourceTable, Stop};
    /// # #[derive(Default)] struct Electrician { lamps: ResourceTable<Lamp> }
    /// # #[actor(resource(Lamp = self.lamps))] impl Electrician { #[new] fn new() -> Self { Self::default() } }
    /// # struct Lamp;
    /// # impl Resource for Lamp {
    /// #     type Agent = Electrician; type Spec = String; type State = String;
    /// #     const NAME: &'static str = "lamp";
    /// #     async fn create(
    /// #         _: &mut Electrician, _: &Context<Electrician>, _: ResourceKey, spec: &String,
    /// #     ) -> Result<Progress<String>, String> { Ok(Progress::Done(format!("it shines {spec}"))) }
    /// #     async fn stop(
    /// #         _: &mut Electrician, _: &Context<Electrician>, _: ResourceKey, _: &str,
    /// #     ) -> Result<Progress<()>, String> { Ok(Progress::Done(())) }
    /// # }
    /// # let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 3)).await?;
    /// # let agents = procs.spawn(cx, "electricians", Electrician::spec()).await?;
    /// use mesh::resource::StreamState;
    /// use std::time::Duration;
    ///
    /// let id = Uid(1);
    /// agents.message(CreateOrUpdate::<Lamp>::new(id, "lamp".into(), "red".into())).cast(cx)?;
    /// let (out, mut states) = cx.open_accumulating_port(Merge, Duration::from_millis(10))?;
    /// agents.message(StreamState::<Lamp>::new(id, 0, 0, out)).cast(cx)?;
    /// // What is known of all ranks so far, once in 10 ms at most.
    /// let mut lamps = states.receive().await?;
    /// while lamps.len() < 3 {
    ///     lamps = states.receive().await?;
    /// }
    /// let lamps = lamps.to_mesh(agents.control().region());
    /// assert_eq!(lamps.runs().count(), 1);
    /// let lamp = lamps[2].as_ref().expect("all are known");
    /// assert_eq!(lamp.details.state.as_deref(), Some("it shines red"));
    /// # Ok::<(), mesh::Error>(())
    /// # });
    /// ```
    StreamState {
        /// The id.
        id: Uid,
        /// Which rank is the first of the caller's view to whoever has opened the port: 0, if the view is all it asks for.
        first: u32,
        /// Which of the questions of one who asks again this is: 0 the first time. The answers to a later one win.
        epoch: u32,
        /// Where the states go: those of one id, since there is one of a rank.
        out: PortRef<StateOverlay<R::State>>,
    } -> (), deferred false
}
verb! {
    /// Asks for the status of a resource now, and at each change, as overlays at the rank in the caller's view. They are
    /// merged on their way where the port is an accumulating one.
    StreamRankStatus {
        /// The id.
        id: Uid,
        /// As in [`StreamState`].
        first: u32,
        /// As there.
        epoch: u32,
        /// Where the statuses go.
        out: PortRef<StandingOverlay>,
    } -> (), deferred false
}
verb! {
    /// Asks for all states.
    List {} -> Vec<ResourceState<R::State>>, deferred false
}

/// The resource that a message is about: its id at the rank it was cast to.
fn key<A: Actor>(cx: &Context<A>, uid: Uid) -> ResourceKey {
    ResourceKey { uid, rank: cx.cast_point().map_or(0, |point| point.base_rank) }
}

/// The rank in the caller's view.
fn view_rank<A: Actor>(cx: &Context<A>) -> u32 {
    cx.cast_point().map_or(0, |point| point.rank)
}

#[diagnostic::do_not_recommend]
impl<A: Manages<R>, R: Resource<Agent = A>> Handler<CreateOrUpdate<R>> for A {
    async fn handle(&mut self, cx: &Context<A>, message: CreateOrUpdate<R>) {
        let CreateOrUpdate { id, label, spec, .. } = message;
        let key = key(cx, id);
        if self.table().status(key) != Status::NotExist {
            if self.table().spec(key) == Some(&spec) || self.table().status(key).is_terminal() {
                return;
            }
            match R::update(self, cx, key, &spec).await {
                Ok(state) => self.table().updated(cx, key, spec, state),
                Err(_) => self.table().conflict(cx, key),
            }
            return;
        }
        if self.table().is_stopping() {
            let status = Status::failed("its agent is stopping and makes nothing new");
            return self.table().insert(cx, key, label, spec, status);
        }
        self.table().insert(cx, key, label, spec.clone(), Status::Initializing);
        match R::create(self, cx, key, &spec).await {
            Ok(Progress::Done(state)) => self.table().set(cx, key, Status::Running, Some(state)),
            Ok(Progress::Later) => {}
            Err(reason) => self.table().set(cx, key, Status::failed(reason), None),
        }
    }
}

/// Starts to end one resource.
pub(crate) async fn stop_one<A: Manages<R>, R: Resource<Agent = A>>(
    agent: &mut A,
    cx: &Context<A>,
    key: ResourceKey,
    why: &str,
) {
    let status = agent.table().status(key);
    if status == Status::NotExist || status.class() >= StatusClass::Stopping {
        return;
    }
    agent.table().set(cx, key, Status::Stopping, None);
    match R::stop(agent, cx, key, why).await {
        Ok(Progress::Done(())) => agent.table().set(cx, key, Status::Stopped, None),
        Ok(Progress::Later) => {}
        Err(reason) => agent.table().set(cx, key, Status::failed(reason), None),
    }
}

#[diagnostic::do_not_recommend]
impl<A: Manages<R>, R: Resource<Agent = A>> Handler<Stop<R>> for A {
    async fn handle(&mut self, cx: &Context<A>, message: Stop<R>) {
        stop_one::<A, R>(self, cx, key(cx, message.id), &message.why).await;
    }
}

#[diagnostic::do_not_recommend]
impl<A: Manages<R>, R: Resource<Agent = A>> Handler<StopAll<R>> for A {
    async fn handle(&mut self, cx: &Context<A>, message: StopAll<R>) {
        self.table().refuse_new();
        for key in self.table().keys() {
            stop_one::<A, R>(self, cx, key, &message.why).await;
        }
    }
}

#[diagnostic::do_not_recommend]
impl<A: Manages<R>, R: Resource<Agent = A>> Handler<GetState<R>> for A {
    async fn handle(&mut self, cx: &Context<A>, message: GetState<R>) -> ResourceState<R::State> {
        self.table().state(key(cx, message.id))
    }
}

#[diagnostic::do_not_recommend]
impl<A: Manages<R>, R: Resource<Agent = A>> Handler<GetRankStatus<R>> for A {
    async fn handle(&mut self, cx: &Context<A>, message: GetRankStatus<R>) -> StatusOverlay {
        StatusOverlay::single(view_rank(cx), self.table().status(key(cx, message.id)))
    }
}

#[diagnostic::do_not_recommend]
impl<A: Manages<R>, R: Resource<Agent = A>> Handler<WaitRankStatus<R>> for A {
    async fn handle(&mut self, cx: &Context<A>, message: WaitRankStatus<R>) -> StatusOverlay {
        if let Some(reply) = cx.deferred_reply() {
            self.table().wait(key(cx, message.id), message.at_least, view_rank(cx), reply);
        }
        StatusOverlay::default()
    }
}

/// Enters one who watches a resource, whose first rank of the view is `first`.
fn watch<A: Actor, R: Resource>(
    table: &mut ResourceTable<R>,
    cx: &Context<A>,
    id: Uid,
    told: Told<R::State>,
    (first, epoch): (u32, u32),
) {
    // No mesh has so many ranks; what comes from outside may say it.
    let Some(rank) = first.checked_add(view_rank(cx)).filter(|rank| *rank < u32::MAX) else { return };
    table.watch(cx, key(cx, id), Watcher::new(told, rank, epoch));
}

#[diagnostic::do_not_recommend]
impl<A: Manages<R>, R: Resource<Agent = A>> Handler<StreamState<R>> for A {
    async fn handle(&mut self, cx: &Context<A>, message: StreamState<R>) {
        let StreamState { id, first, epoch, out, .. } = message;
        watch(self.table(), cx, id, Told::State(out), (first, epoch));
    }
}

#[diagnostic::do_not_recommend]
impl<A: Manages<R>, R: Resource<Agent = A>> Handler<StreamRankStatus<R>> for A {
    async fn handle(&mut self, cx: &Context<A>, message: StreamRankStatus<R>) {
        let StreamRankStatus { id, first, epoch, out, .. } = message;
        watch(self.table(), cx, id, Told::Status(out), (first, epoch));
    }
}

#[diagnostic::do_not_recommend]
impl<A: Manages<R>, R: Resource<Agent = A>> Handler<List<R>> for A {
    async fn handle(&mut self, _: &Context<A>, _: List<R>) -> Vec<ResourceState<R::State>> {
        let table = self.table();
        table.keys().into_iter().map(|key| table.state(key)).collect()
    }
}
