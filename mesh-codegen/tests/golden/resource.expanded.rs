pub struct HostAgent;
impl HostAgent {
    fn new() -> Self {
        HostAgent
    }
}
/// Requests to [`HostAgent`]: reached from every `ActorHandle<HostAgent>`, `ActorRef<HostAgent>` and `ActorMesh<HostAgent>`.
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct HostAgentApi<__T>(__T, crate::facade::__private::PhantomData<fn() -> ()>);
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
    pub fn spec() -> crate::facade::__private::Spec<Self> {
        crate::facade::__private::Spec::new(())
    }
}
crate::facade::register!(HostAgent);
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use crate::facade::__private as __p;
    use __p::{NoCodec as _, RealCodec as _};
    #[automatically_derived]
    impl<__T> __p::Api<__T> for HostAgentApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            HostAgentApi(__target, __p::PhantomData)
        }
        #[inline]
        fn target(&self) -> &__T {
            &self.0
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Actor for HostAgent {
        type Api<__T: __p::Target<Actor = Self>> = HostAgentApi<__T>;
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
            __exporter.remote::<GetHealth>();
            __exporter.remote::<Ping>();
            __p::export_resource::<Self, Proc, _>(__exporter);
            __p::export_resource::<Self, Volume, _>(__exporter);
        }
        fn mailbox() -> __p::MailboxConfig {
            __p::MailboxConfig {
                capacity: __p::Option::Some(64),
                full: __p::FullPolicy::DropOldest,
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Manages<Proc> for HostAgent {
        fn table(&mut self) -> &mut __p::ResourceTable<Proc> {
            &mut self.procs
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Manages<Volume> for HostAgent {
        fn table(&mut self) -> &mut __p::ResourceTable<Volume> {
            &mut self.disks.volumes
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Named for HostAgent {
        const TYPE_ID: u64 = __p::name_hash(
            ::core::concat!(::core::module_path!(), "::", "HostAgent"),
        );
        fn type_name() -> __p::String {
            __p::String::from(::core::concat!(::core::module_path!(), "::", "HostAgent"))
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteSpawn for HostAgent {
        type Params = ();
        fn encode_params(
            __params: &Self::Params,
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            __p::Result::Ok(())
        }
        fn decode_params(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self::Params, __p::DecodeError> {
            __p::Result::Ok(())
        }
        fn params_schema() -> __p::Vec<(&'static str, __p::String)> {
            __p::Vec::from([])
        }
        fn create(
            __params: Self::Params,
            __env: &__p::SpawnEnv,
        ) -> impl __p::Future<Output = __p::Result<Self, __p::String>> + __p::Send {
            async move { __p::IntoActor::into_actor(Self::new()) }
        }
    }
};
pub struct Bounded;
impl Bounded {}
/// Requests to [`Bounded`]: reached from every `ActorHandle<Bounded>`, `ActorRef<Bounded>` and `ActorMesh<Bounded>`.
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct BoundedApi<__T>(__T, ::mesh::__private::PhantomData<fn() -> ()>);
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    impl<__T> __p::Api<__T> for BoundedApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            BoundedApi(__target, __p::PhantomData)
        }
        #[inline]
        fn target(&self) -> &__T {
            &self.0
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Actor for Bounded {
        type Api<__T: __p::Target<Actor = Self>> = BoundedApi<__T>;
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E) {}
        fn mailbox() -> __p::MailboxConfig {
            __p::MailboxConfig {
                capacity: __p::Option::Some(LIMIT),
                ..__p::MailboxConfig::default()
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Named for Bounded {
        const TYPE_ID: u64 = __p::name_hash(
            ::core::concat!(::core::module_path!(), "::", "Bounded"),
        );
        fn type_name() -> __p::String {
            __p::String::from(::core::concat!(::core::module_path!(), "::", "Bounded"))
        }
    }
};
