//! Behaviors: a named set of messages, so that a reference can be handed out without the concrete type.
//!
//! A behavior is an actor type that nothing is ever made of: a reference to it sends the messages of the set, with all
//! verbs, to whatever actor it was made from. That this actor handles them is checked where it is made.
//!
//! ```
//! use mesh::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize, mesh::Message)]
//! #[message(reply = bool)]
//! pub struct IsReady;
//!
//! mesh::behavior!(pub Readiness: IsReady);
//!
//! #[derive(Serialize, Deserialize, mesh::Actor, mesh::RemoteSpawn)]
//! #[actor(handles(IsReady))]
//! pub struct Probe { ready: bool }
//!
//! impl mesh::Handler<IsReady> for Probe {
//!     async fn handle(&mut self, _: &Context<Self>, _: IsReady) -> bool { self.ready }
//! }
//!
//! #[mesh::test]
//! async fn any_actor_that_handles_them(cx: &Client) {
//!     let probe = cx.spawn(Probe { ready: true });
//!     let anyone: ActorRef<Readiness> = Readiness::of(&probe);
//!     assert!(anyone.message(IsReady).call(cx).await.unwrap());
//! }
//! ```

use crate::actor::{Actor, ActorHandle, ActorRef, Api, Target};
use crate::meshes::{ActorMesh, ActorMeshRef};

/// What a behavior has instead of methods: its messages are sent with `message(…)`.
pub struct BehaviorApi<T>(T);

impl<T: Target> Api<T> for BehaviorApi<T> {
    fn new(target: T) -> BehaviorApi<T> {
        BehaviorApi(target)
    }

    fn target(&self) -> &T {
        &self.0
    }
}

/// A handle, a reference or a mesh, of which a behavior can be taken.
#[diagnostic::on_unimplemented(
    message = "a behavior cannot be taken of `{Self}`",
    label = "not a handle, a reference or a mesh",
    note = "give a reference to one of them: `Api::of(&actor)`"
)]
pub trait BehaviorSource {
    /// The actor there.
    type Actor: Actor;
    /// What it is as an actor of another type: a reference, or a view of a mesh.
    type As<B: Actor>;
    /// The same place, as another type. Nothing checks that its messages are handled there.
    #[doc(hidden)]
    fn view_as<B: Actor>(&self) -> Self::As<B>;
}

#[diagnostic::do_not_recommend]
impl<A: Actor> BehaviorSource for ActorRef<A> {
    type Actor = A;
    type As<B: Actor> = ActorRef<B>;
    fn view_as<B: Actor>(&self) -> ActorRef<B> {
        self.of_type()
    }
}

#[diagnostic::do_not_recommend]
impl<A: Actor> BehaviorSource for ActorHandle<A> {
    type Actor = A;
    type As<B: Actor> = ActorRef<B>;
    fn view_as<B: Actor>(&self) -> ActorRef<B> {
        self.control().to_ref().of_type()
    }
}

#[diagnostic::do_not_recommend]
impl<A: Actor> BehaviorSource for ActorMeshRef<A> {
    type Actor = A;
    type As<B: Actor> = ActorMeshRef<B>;
    fn view_as<B: Actor>(&self) -> ActorMeshRef<B> {
        self.of_type()
    }
}

#[diagnostic::do_not_recommend]
impl<A: Actor> BehaviorSource for ActorMesh<A> {
    type Actor = A;
    type As<B: Actor> = ActorMeshRef<B>;
    fn view_as<B: Actor>(&self) -> ActorMeshRef<B> {
        self.of_type()
    }
}

/// Names a set of messages: `behavior!(pub Api: M1, M2)` declares the type `Api`, and [`ActorRef<Api>`](crate::ActorRef) and
/// [`ActorMeshRef<Api>`](crate::ActorMeshRef) send these messages to any actor that handles them.
///
/// `Api::of(&actor)` makes such a reference of a handle, a reference or a mesh. See the [module](mod@crate::behavior).
#[macro_export]
macro_rules! behavior {
    ($(#[$attribute:meta])* $vis:vis $name:ident: $($message:ty),+ $(,)?) => {
        $(#[$attribute])*
        $vis enum $name {}

        const _: () = {
            use $crate::__private as __p;

            impl __p::Actor for $name {
                type Api<__T: __p::Target<Actor = Self>> = __p::BehaviorApi<__T>;

                fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
                    $(__exporter.remote::<$message>();)+
                }
            }

            $(
                #[diagnostic::do_not_recommend]
                impl __p::Handler<$message> for $name {
                    fn handle(
                        &mut self,
                        _: &__p::Context<Self>,
                        _: $message,
                    ) -> impl __p::Future<Output = <$message as __p::Message>::Reply> + __p::Send {
                        let never: &Self = self;
                        match *never {}
                        #[allow(unreachable_code, reason = "it is the type of the future")]
                        async { ::core::unreachable!() }
                    }
                }
            )+
        };

        impl $name {
            /// The same actor, or mesh of actors, known by these messages alone.
            #[allow(dead_code, reason = "a program may only take such references")]
            $vis fn of<__S: $crate::__private::BehaviorSource>(source: &__S) -> __S::As<Self>
            where
                $(__S::Actor: $crate::__private::Handler<$message>,)+
            {
                source.view_as()
            }
        }
    };
}
