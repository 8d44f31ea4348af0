pub struct HostAgent;
impl HostAgent {
    fn new() -> Self {
        HostAgent
    }
}
#[doc(hidden)]
#[allow(unused_imports, non_snake_case)]
use crate::facade as __mesh_of_HostAgent;
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(missing_docs, unreachable_pub, non_camel_case_types, non_snake_case)]
mod __requests_of_HostAgent_new {
    /// Requests to [`HostAgent`](super::HostAgent): reached from every `ActorHandle<HostAgent>`, `ActorRef<HostAgent>` and `ActorMesh<HostAgent>`.
    pub struct HostAgentApi<__T>(pub(super) __T);
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(unreachable_pub, ambiguous_glob_reexports)]
pub use __requests_of_HostAgent_new::*;
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl<
    __T: __mesh_of_HostAgent::__private::Target<Actor = HostAgent>,
> __requests_of_HostAgent_new::HostAgentApi<__T> {}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use __mesh_of_HostAgent::__private as __p;
    #[automatically_derived]
    impl<__T> __p::Api<__T> for __requests_of_HostAgent_new::HostAgentApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            __requests_of_HostAgent_new::HostAgentApi(__target)
        }
        #[inline]
        fn target(&self) -> &__T {
            &self.0
        }
    }
    use __p::{ShowAll as _, ShowNothing as _};
    /// This block of the actor.
    struct __Block;
    fn check() {
        let _ = <HostAgent as __p::Handles<GetHealth>>::FITS;
        let _ = <HostAgent as __p::Handles<Ping>>::FITS;
        let _ = <Proc as __p::Resource>::NAME;
        let _ = <Volume as __p::Resource>::NAME;
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Actor for HostAgent {
        type Api<__T: __p::Target<Actor = Self>> = __requests_of_HostAgent_new::HostAgentApi<
            __T,
        >;
        type Name = __p::OwnName;
        const NAME: &'static str = ::core::concat!(
            ::core::module_path!(), "::", "HostAgent"
        );
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E)
        where
            for<'__a> Self: __p::Send,
        {
            (&__p::Exported::<Self, __Block>::OF).show(__exporter);
        }
        fn mailbox() -> __p::MailboxConfig {
            __p::MailboxConfig {
                capacity: __p::Option::Some({
                    let __capacity: usize = 64;
                    __capacity
                }),
                full: __p::FullPolicy::DropOldest,
            }
        }
    }
    #[automatically_derived]
    impl __p::Exports<__Block> for HostAgent
    where
        for<'__a> HostAgent: __p::Send,
        for<'__a> GetHealth: __p::RemoteMessage,
        for<'__a> HostAgent: __p::Handler<GetHealth>,
        for<'__a> Ping: __p::RemoteMessage,
        for<'__a> HostAgent: __p::Handler<Ping>,
        for<'__a> Proc: __p::Resource<Agent = HostAgent>,
        for<'__a> Volume: __p::Resource<Agent = HostAgent>,
    {
        fn all<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
            __exporter.remote::<GetHealth>();
            __exporter.remote::<Ping>();
            __p::export_resource::<Self, Proc, _>(__exporter);
            __p::export_resource::<Self, Volume, _>(__exporter);
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Manages<Proc> for HostAgent
    where
        for<'__a> Proc: __p::Resource<Agent = HostAgent>,
    {
        fn table(&mut self) -> &mut __p::ResourceTable<Proc> {
            &mut self.procs
        }
    }
    __p::inventory::submit! {
        { use __p::CallerMerges as _; __p::KindMerge:: < Proc > ::ENTRY }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Manages<Volume> for HostAgent
    where
        for<'__a> Volume: __p::Resource<Agent = HostAgent>,
    {
        fn table(&mut self) -> &mut __p::ResourceTable<Volume> {
            &mut self.disks.volumes
        }
    }
    __p::inventory::submit! {
        { use __p::CallerMerges as _; __p::KindMerge:: < Volume > ::ENTRY }
    }
};
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use __mesh_of_HostAgent::__private as __p;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteSpawn for HostAgent {
        type Params = ();
        fn encode_params(
            __params: &(),
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            __p::Result::Ok(())
        }
        fn decode_params(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<(), __p::DecodeError> {
            __p::Result::Ok(())
        }
        fn params_schema() -> __p::Vec<(&'static str, __p::String)> {
            __p::Vec::from([])
        }
        fn create(
            __params: (),
            __env: &__p::SpawnEnv,
        ) -> impl __p::Future<Output = __p::Result<Self, __p::String>> + __p::Send {
            async move { __p::IntoActor::into_actor(Self::new()) }
        }
    }
    __p::inventory::submit! {
        __p::Registration::of(|| { use __p:: { EntryOfActor as _, EntryOfNothing as _ };
        (& __p::Constructed:: < HostAgent > ::OF).entry:: < () >
        (::core::concat!(::core::file!(), ":", ::core::line!())) })
    }
};
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl HostAgent {
    /// What a spawn ships to construct a [`HostAgent`] anywhere: the arguments of `HostAgent::new`.
    pub fn spec() -> __mesh_of_HostAgent::__private::Spec<Self> {
        __mesh_of_HostAgent::__private::Spec::new(())
    }
}
pub struct Bounded;
impl Bounded {}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(missing_docs, unreachable_pub, non_camel_case_types, non_snake_case)]
mod __requests_of_Bounded {
    /// Requests to [`Bounded`](super::Bounded): reached from every `ActorHandle<Bounded>`, `ActorRef<Bounded>` and `ActorMesh<Bounded>`.
    pub struct BoundedApi<__T>(pub(super) __T);
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(unreachable_pub, ambiguous_glob_reexports)]
pub use __requests_of_Bounded::*;
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl<
    __T: ::mesh::__private::Target<Actor = Bounded>,
> __requests_of_Bounded::BoundedApi<__T> {}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    impl<__T> __p::Api<__T> for __requests_of_Bounded::BoundedApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            __requests_of_Bounded::BoundedApi(__target)
        }
        #[inline]
        fn target(&self) -> &__T {
            &self.0
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Actor for Bounded {
        type Api<__T: __p::Target<Actor = Self>> = __requests_of_Bounded::BoundedApi<
            __T,
        >;
        type Name = __p::OwnName;
        const NAME: &'static str = ::core::concat!(
            ::core::module_path!(), "::", "Bounded"
        );
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E)
        where
            for<'__a> Self: __p::Send,
        {}
        fn mailbox() -> __p::MailboxConfig {
            __p::MailboxConfig {
                capacity: __p::Option::Some({
                    let __capacity: usize = LIMIT;
                    __capacity
                }),
                ..__p::MailboxConfig::default()
            }
        }
    }
};
