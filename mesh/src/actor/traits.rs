//! The traits that `#[actor]` implements.

use std::fmt::Display;
use std::future::Future;
use std::marker::PhantomData;

use mesh_macros::quiet;

use super::context::Context;
use crate::ident::name_hash;
use crate::mailbox::MailboxConfig;
use crate::message::{Message, Named, RemoteMessage, Verdict};
use crate::supervision::{Directive, Failure, Fatal, RestartPolicy, SupervisionEvent};

/// An actor: state that handles messages one at a time. Implemented by `#[actor] impl …`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an actor",
    label = "`{Self}` does not implement `mesh::Actor`",
    note = "annotate its impl block: `#[actor] impl {Self} {{ #[handler] async fn … }}`"
)]
#[quiet]
pub trait Actor: Sized + Send + 'static {
    /// The generated requests, for one kind of target.
    type Api<T: Target<Actor = Self>>: Api<T>;

    /// What its stable name is made of, see [`Named`]: [`OwnName`], [`NameByParameters`], or [`NoName`].
    type Name;

    /// The stable name of its type, without the parameters of a generic one.
    const NAME: &'static str;

    /// How often it is made anew when it fails; `None` for never.
    const RESTART: Option<RestartPolicy> = None;

    /// Names every message it handles.
    ///
    /// The clause says nothing new, and gives generated code of a type that is not `Send` nothing to be wrong about again.
    fn exports<E: Exporter<Self>>(exporter: &mut E)
    where
        for<'a> Self: Send;

    /// How its mailbox is bounded.
    fn mailbox() -> MailboxConfig {
        MailboxConfig::default()
    }

    /// Runs before the first message.
    fn on_start(&mut self, cx: &Context<Self>) -> impl Future<Output = Result<(), Fatal>> + Send {
        let _ = cx;
        async { Ok(()) }
    }

    /// Runs after the last message of an orderly stop; not after a failure.
    fn on_stop(&mut self, cx: &Context<Self>) -> impl Future<Output = Result<(), Fatal>> + Send {
        let _ = cx;
        async { Ok(()) }
    }

    /// Decides about the failure of something this actor owns (`SUP-2`).
    fn on_failure(&mut self, cx: &Context<Self>, failure: Failure) -> impl Future<Output = Directive> + Send {
        let _ = (cx, failure);
        async { Directive::Escalate }
    }

    /// Hears what happens to something this actor owns and is no failure of it.
    fn on_event(&mut self, cx: &Context<Self>, event: SupervisionEvent) -> impl Future<Output = ()> + Send {
        let _ = (cx, event);
        async {}
    }
}

/// The [`Name`](Actor::Name) of an actor that is called by its [`NAME`](Actor::NAME) alone: it is [`Named`].
#[derive(Debug)]
pub enum OwnName {}

/// The [`Name`](Actor::Name) of a generic actor: it is [`Named`] where its parameters are.
#[derive(Debug)]
pub enum NameByParameters {}

/// The [`Name`](Actor::Name) of what is nowhere spawned: a [`behavior!`](crate::behavior!).
#[derive(Debug)]
pub enum NoName {}

/// It stands here, and not in generated code, so that a type which is made an actor twice is one error.
#[diagnostic::do_not_recommend]
impl<A: Actor<Name = OwnName>> Named for A {
    const TYPE_ID: u64 = name_hash(A::NAME);

    fn type_name() -> String {
        A::NAME.to_owned()
    }
}

/// Handles one type of message.
#[diagnostic::on_unimplemented(
    message = "actor `{Self}` has no handler for `{M}`",
    label = "`{M}` is not handled by `{Self}`",
    note = "add a `#[handler]` method for it, or `impl mesh::Handler<{M}> for {Self}` and list it in `#[actor(handles({M}))]`"
)]
#[quiet]
pub trait Handler<M: Message>: Actor {
    /// Whether [`handle_plain`](Handler::handle_plain) is to be used: the handler does not await.
    const PLAIN: bool = false;

    /// Handles a message.
    fn handle(&mut self, cx: &Context<Self>, message: M) -> impl Future<Output = M::Reply> + Send;

    /// Handles a message without a future. Only called where [`PLAIN`](Handler::PLAIN) is set.
    ///
    /// # Panics
    /// Where it is not implemented.
    fn handle_plain(&mut self, cx: &Context<Self>, message: M) -> M::Reply {
        let _ = (cx, message);
        unreachable!("`{}` is not a plain handler", M::NAME)
    }

    /// What a reply means for the actor.
    fn verdict(reply: &M::Reply) -> Verdict {
        let _ = reply;
        Verdict::Answer
    }
}

/// The future of a plain handler: what a generated [`Handler::handle`] returns. That it is `Send` follows from the
/// bounds of the traits, so generated code has nothing to be wrong about.
#[expect(
    clippy::manual_async_fn,
    reason = "an async fn does not promise `Send`: generated code would have to prove it"
)]
pub fn handle_plain<A: Handler<M>, M: Message>(
    actor: &mut A,
    cx: &Context<A>,
    message: M,
) -> impl Future<Output = M::Reply> + Send {
    async move { actor.handle_plain(cx, message) }
}

/// Is shown every message of an actor, once each.
pub trait Exporter<A: Actor> {
    /// A message that can come from anywhere.
    fn remote<M: RemoteMessage>(&mut self)
    where
        A: Handler<M>;
    /// A message that only an `ActorHandle` can send.
    fn local<M: Message>(&mut self)
    where
        A: Handler<M>;
}

/// Asserts that an actor handles a message that is listed in `#[actor(handles(…))]`, which can come from anywhere.
#[diagnostic::on_unimplemented(
    message = "actor `{Self}` has no handler for `{M}`",
    label = "`{M}` is not handled by `{Self}`",
    note = "write `impl mesh::Handler<{M}> for {Self}`, or take it off the list",
    note = "a message that can be listed has `#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]`"
)]
pub trait Handles<M> {
    /// Exists where it is handled.
    const FITS: () = ();
}
#[diagnostic::do_not_recommend]
impl<A: Handler<M>, M: RemoteMessage> Handles<M> for A {}

/// The messages of an actor, where all their bounds hold. `B` stands for the block that names them, so that two
/// blocks which both claim to be the first conflict in their `impl Actor` and not here as well.
pub trait Exports<B>: Actor {
    /// Names every message it handles.
    fn all<E: Exporter<Self>>(exporter: &mut E);
}

/// The messages of `A`, or nothing where a bound of theirs is missing: the assertion beside it says which, once.
#[derive(Debug)]
pub struct Exported<A, B>(PhantomData<fn() -> (A, B)>);

impl<A, B> Exported<A, B> {
    /// Those of the actor `A`.
    pub const OF: Exported<A, B> = Exported(PhantomData);
}

/// Shows the messages.
pub trait ShowAll<A: Actor> {
    /// Names every one.
    fn show<E: Exporter<A>>(&self, exporter: &mut E);
}
impl<A: Exports<B>, B> ShowAll<A> for Exported<A, B> {
    fn show<E: Exporter<A>>(&self, exporter: &mut E) {
        A::all(exporter);
    }
}

/// Stands in where a bound is missing. What only names it passes the type check, and its call cannot be built:
///
/// ```
/// use mesh::__private::{Exported, ShowAll as _, ShowNothing as _};
/// struct Block;
/// fn never<E>(exporter: &mut E) {
///     (&Exported::<u8, Block>::OF).show(exporter);
/// }
/// fn main() {}
/// ```
///
/// ```compile_fail
/// use mesh::__private::{Exported, ShowAll as _, ShowNothing as _};
/// struct Block;
/// fn never<E>(exporter: &mut E) {
///     (&Exported::<u8, Block>::OF).show(exporter);
/// }
/// fn main() {
///     never(&mut ());
/// }
/// ```
pub trait ShowNothing {
    /// Cannot be built into a program: had no assertion spoken, it would have an actor without messages. The size of `E`
    /// keeps the constant from being evaluated before it is called, which an optimized build tries.
    fn show<E>(&self, _: &mut E) {
        const { assert!(size_of::<E>() == usize::MAX, "a message of this actor lacks a bound") };
    }
}
impl<A, B> ShowNothing for &Exported<A, B> {}

/// What a request can be addressed to.
pub trait Target: Send + Sync + 'static {
    /// The actor there.
    type Actor: Actor;
}

/// The generated requests of an actor, for one kind of target.
pub trait Api<T> {
    /// The requests of a target.
    fn new(target: T) -> Self;
    /// The target.
    fn target(&self) -> &T;
}

/// What `#[on_start]` and `#[on_stop]` may return.
#[diagnostic::on_unimplemented(
    message = "an `#[on_start]` or `#[on_stop]` method cannot return `{Self}`",
    label = "returns `{Self}`",
    note = "it returns nothing, or `Result<(), E>` whose error implements `Display`"
)]
pub trait HookResult {
    /// As the runtime takes it.
    ///
    /// # Errors
    /// What the hook gave up with.
    fn into_hook_result(self) -> Result<(), Fatal>;
}

#[diagnostic::do_not_recommend]
impl HookResult for () {
    fn into_hook_result(self) -> Result<(), Fatal> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Display> HookResult for Result<(), E> {
    fn into_hook_result(self) -> Result<(), Fatal> {
        self.map_err(Fatal::new)
    }
}
