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
pub trait BehaviorSource<B: Actor> {
    /// The actor there.
    type Actor: Actor;
    /// What it is as an actor of type `B`: a reference, or a view of a mesh.
    type View;
    /// The same place, as another type. Nothing checks that its messages are handled there.
    #[doc(hidden)]
    fn view(&self) -> Self::View;
}

#[diagnostic::do_not_recommend]
impl<A: Actor, B: Actor> BehaviorSource<B> for ActorRef<A> {
    type Actor = A;
    type View = ActorRef<B>;
    fn view(&self) -> ActorRef<B> {
        self.of_type()
    }
}

#[diagnostic::do_not_recommend]
impl<A: Actor, B: Actor> BehaviorSource<B> for ActorHandle<A> {
    type Actor = A;
    type View = ActorRef<B>;
    fn view(&self) -> ActorRef<B> {
        self.control().to_ref().of_type()
    }
}

#[diagnostic::do_not_recommend]
impl<A: Actor, B: Actor> BehaviorSource<B> for ActorMeshRef<A> {
    type Actor = A;
    type View = ActorMeshRef<B>;
    fn view(&self) -> ActorMeshRef<B> {
        self.of_type()
    }
}

#[diagnostic::do_not_recommend]
impl<A: Actor, B: Actor> BehaviorSource<B> for ActorMesh<A> {
    type Actor = A;
    type View = ActorMeshRef<B>;
    fn view(&self) -> ActorMeshRef<B> {
        self.of_type()
    }
}

/// Names a set of messages: `behavior!(pub Api: M1, M2)` declares the type `Api`, and [`ActorRef<Api>`](crate::ActorRef) and
/// [`ActorMeshRef<Api>`](crate::ActorMeshRef) send these messages to any actor that handles them.
///
/// `Api::of(&actor)` makes such a reference of a handle, a reference or a mesh. See the [module](mod@crate::behavior).
#[macro_export]
macro_rules! behavior {
    ($(#[$attribute:meta])* $vis:vis $name:ident $(:)?) => {
        $vis enum $name {}
        ::core::compile_error!("a behavior is a set of messages\n= help: name them: `mesh::behavior!(pub Api: Message, ..)`");
    };
    ($(#[$attribute:meta])* $vis:vis $name:ident: $($message:ty),+ $(,)?) => {
        $(#[$attribute])*
        $vis enum $name {}

        const _: () = {
            use $crate::__private as __p;

            impl __p::Actor for $name {
                type Api<__T: __p::Target<Actor = Self>> = __p::BehaviorApi<__T>;
                type Name = __p::NoName;
                const NAME: &'static str = ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name));

                fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
                    use __p::{ShowAll as _, ShowNothing as _};
                    (&__p::Exported::<Self, ()>::OF).show(__exporter);
                }
            }

            impl __p::Exports<()> for $name
            where
                $(for<'__a> $message: __p::RemoteMessage,)+
            {
                fn all<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
                    $(__exporter.remote::<$message>();)+
                }
            }

            // What is no message is reported here, and taken for one everywhere else.
            #[allow(dead_code, reason = "it is checked, and never called")]
            fn check() {
                $(let _ = <$message as __p::BehaviorMessage>::FITS;)+
            }

            $(
                #[diagnostic::do_not_recommend]
                impl __p::Handler<$message> for $name
                where
                    for<'__a> $message: __p::RemoteMessage,
                {
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
            $vis fn of<__S, __V>(source: &__S) -> __V
            where
                __S: $crate::__private::BehaviorSource<Self, View = __V>,
                $(__S::Actor: $crate::__private::Handles<$message>,)+
            {
                source.view()
            }
        }
    };
}
