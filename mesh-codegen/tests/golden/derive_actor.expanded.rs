#[derive(Actor, RemoteSpawn)]
#[actor(handles(GetHealth, Ping), name = "acme.Probe", mailbox(capacity = 8))]
pub struct Probe {
    host: String,
}
/// Requests to [`Probe`]: reached from every `ActorHandle<Probe>`, `ActorRef<Probe>` and `ActorMesh<Probe>`.
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct ProbeApi<__T>(__T, ::mesh::__private::PhantomData<fn() -> ()>);
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    impl<__T> __p::Api<__T> for ProbeApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            ProbeApi(__target, __p::PhantomData)
        }
        #[inline]
        fn target(&self) -> &__T {
            &self.0
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Actor for Probe {
        type Api<__T: __p::Target<Actor = Self>> = ProbeApi<__T>;
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
            __exporter.remote::<GetHealth>();
            __exporter.remote::<Ping>();
        }
        fn mailbox() -> __p::MailboxConfig {
            __p::MailboxConfig {
                capacity: __p::Option::Some(8),
                ..__p::MailboxConfig::default()
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Named for Probe {
        const TYPE_ID: u64 = __p::name_hash("acme.Probe");
        fn type_name() -> __p::String {
            __p::String::from("acme.Probe")
        }
    }
};
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    use __p::{NoCodec as _, RealCodec as _};
    fn __check() {
        let _ = <Probe as __p::FitsRemoteArg>::FITS;
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteSpawn for Probe {
        type Params = Self;
        fn encode_params(
            __params: &Self::Params,
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            (&__p::Wire::<Probe>(__p::PhantomData)).put(__params, __out)
        }
        fn decode_params(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self::Params, __p::DecodeError> {
            (&__p::Wire::<Probe>(__p::PhantomData)).get(__input)
        }
        fn params_schema() -> __p::Vec<(&'static str, __p::String)> {
            __p::Vec::from([("self", (&__p::Wire::<Probe>(__p::PhantomData)).schema())])
        }
        async fn create(
            __params: Self::Params,
            _: &__p::SpawnEnv,
        ) -> __p::Result<Self, __p::String> {
            __p::Result::Ok(__params)
        }
    }
    impl Probe {
        /// What a spawn ships to have this `Probe` anywhere: the value itself.
        pub fn spec(self) -> __p::Spec<Self> {
            __p::Spec::new(self)
        }
    }
};
::mesh::register!(Probe);
