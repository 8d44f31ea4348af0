//! Actors of this process that are spawned from their spec: they can be made anew.

use std::sync::Arc;

use mesh_macros::quiet;

use super::{IntoSpec, RemoteSpawn, Spec, decode_params};
use crate::actor::{Actor, ActorHandle, Birth, Caller, Context, Newborn, SpawnEnv, default_label};
use crate::call::Callee;
use crate::ident::{ActorId, Label};
use crate::outbox::{AdmitError, Held, Helds, Lending, Outbox, went_nowhere};
use crate::port::{Holder, encoded_count};
use crate::wire::codec::{EncodeError, Payload};
use crate::wire::envelope::{Headers, Lane};

/// Why an actor could not be spawned from its spec in this process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnSpecError {
    /// A parameter does not encode: an actor is made anew from what travels.
    #[error("the parameters do not encode: {0}")]
    Params(#[from] EncodeError),
    /// Its proc does not take it.
    #[error(transparent)]
    Admit(#[from] AdmitError),
}

/// Asserts that an actor with `#[actor(restart(..))]` can be made anew.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made anew",
    label = "no constructor to make it anew with",
    note = "mark its constructor: `#[new] fn new(…) -> Self` inside the `#[actor] impl` block"
)]
pub trait MadeAnew {
    /// Exists where it can.
    const FITS: () = ();
}
#[diagnostic::do_not_recommend]
impl<A: RemoteSpawn> MadeAnew for A {}

/// How an actor comes to be from its encoded parameters, in the proc of `outbox` and outside of any mesh. The ports that are
/// in them are lent to it.
pub(crate) fn newborn<A: RemoteSpawn>(
    outbox: &Arc<Outbox>,
    label: Label,
    spec: &Spec<A>,
) -> Result<Newborn<A>, EncodeError> {
    let uid = outbox.actor_uid();
    let encoded = encoded_count();
    let params = spec.encode().inspect_err(|_| went_nowhere(encoded))?;
    let ports = (encoded != encoded_count()).then(|| {
        let actor = ActorId::new(outbox.proc().clone(), uid, label.clone());
        let callee = Callee { actor: actor.clone(), handler: None, rank: None };
        let lending = Lending::of(encoded, 1, move |_| Holder { callee: callee.clone(), at: None });
        let headers = Headers { lent: lending.header(), ..outbox.headers(&actor, Lane::Control) };
        let ports = Held::arriving(outbox, &actor, &headers);
        Held::arrived(&ports);
        ports
    });
    let birth = birth_in(params, ports.clone(), SpawnEnv::default());
    Ok(Newborn { uid, label, birth, ports })
}

/// How an actor comes to be from its encoded parameters: they are decoded for each of its lives.
pub(super) fn birth_in<A: RemoteSpawn>(params: Payload, ports: Option<Helds>, env: SpawnEnv) -> Birth<A> {
    Birth::Spec(Box::new(move || {
        let decoded = Held::decoding(ports.as_ref(), || decode_params::<A>(&params));
        let env = env.clone();
        Box::pin(async move {
            match decoded {
                Ok(params) => A::create(params, &env).await,
                Err(error) => Err(format!("the parameters of `{}` do not decode: {error}", A::type_name())),
            }
        })
    }))
}

#[quiet]
impl<A: Actor> Context<A> {
    /// Starts a child from its spec: it can be made anew when it fails, by its own policy or when `#[on_failure]` says
    /// [`Directive::Restart`](crate::Directive::Restart) (`SUP-4`).
    ///
    /// ```
    /// # mesh::root::run_test(async |cx| {
    /// use mesh::prelude::*;
    ///
    /// struct Parser { seen: u32 }
    ///
    /// #[actor(restart(max = 3, within = "1m", backoff = "100ms"))]
    /// impl Parser {
    ///     #[new]
    ///     fn new() -> Self { Parser { seen: 0 } }
    ///     #[handler]
    ///     fn parse(&mut self, text: String) -> u32 {
    ///         self.seen += 1;
    ///         text.parse().expect("a number")
    ///     }
    ///     #[handler]
    ///     fn seen(&self) -> u32 { self.seen }
    /// }
    ///
    /// let parser = cx.spawn_spec(Parser::spec()); // as in a handler, with its `cx`
    /// assert!(parser.parse("three".into()).call(cx).await.is_err());
    /// assert_eq!(parser.parse("4".into()).call(cx).await?, 4); // by the next incarnation
    /// assert_eq!(parser.seen().call(cx).await?, 1);
    /// assert_eq!(parser.control().incarnation(), 2);
    /// # Ok::<(), mesh::Error>(())
    /// # });
    /// ```
    ///
    /// What has a restart policy is not spawned as a value, which is there once:
    ///
    /// ```compile_fail
    /// # use mesh::prelude::*;
    /// # struct Parser;
    /// #[actor(restart(max = 3))]
    /// impl Parser {
    ///     #[new]
    ///     fn new() -> Self { Parser }
    /// }
    ///
    /// fn spawn(cx: &Client) {
    ///     cx.spawn(Parser); // use `cx.spawn_spec(Parser::spec())`
    /// }
    /// # fn main() { mesh::root::run_test(async |cx| { spawn(cx); Ok::<(), mesh::Error>(()) }) }
    /// ```
    ///
    /// # Panics
    /// When the proc is ending, or a parameter does not encode; see [`try_spawn_spec`](Context::try_spawn_spec).
    pub fn spawn_spec<B: RemoteSpawn>(&self, spec: impl IntoSpec<Actor = B>) -> ActorHandle<B> {
        match self.try_spawn_spec(default_label::<B>(), spec) {
            Ok(handle) => handle,
            Err(error) => panic!("a child could not be spawned: {error}"),
        }
    }

    /// Starts a named child from its spec.
    ///
    /// # Errors
    /// [`SpawnSpecError`], when the proc is ending or a parameter does not encode.
    pub fn try_spawn_spec<B: RemoteSpawn>(
        &self,
        label: impl Into<Label>,
        spec: impl IntoSpec<Actor = B>,
    ) -> Result<ActorHandle<B>, SpawnSpecError> {
        let spec = spec.into_spec();
        Ok(self.spawn_child(newborn(self.scope().outbox, label.into(), &spec)?)?)
    }
}
