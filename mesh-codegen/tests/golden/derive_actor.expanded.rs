#[derive(Actor, RemoteSpawn)]
#[actor(handles(GetHealth, Ping), name = "acme.Probe", mailbox(capacity = 8))]
pub struct Probe {
    host: String,
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(missing_docs, unreachable_pub, non_camel_case_types, non_snake_case)]
mod __requests_of_Probe {
    /// Requests to [`Probe`](super::Probe): reached from every `ActorHandle<Probe>`, `ActorRef<Probe>` and `ActorMesh<Probe>`.
    pub struct ProbeApi<__T>(pub(super) __T);
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(unreachable_pub, ambiguous_glob_reexports)]
pub use __requests_of_Probe::*;
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl<__T: ::mesh::__private::Target<Actor = Probe>> __requests_of_Probe::ProbeApi<__T> {}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    impl<__T> __p::Api<__T> for __requests_of_Probe::ProbeApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            __requests_of_Probe::ProbeApi(__target)
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
        let _ = <Probe as __p::Handles<GetHealth>>::FITS;
        let _ = <Probe as __p::Handles<Ping>>::FITS;
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Actor for Probe {
        type Api<__T: __p::Target<Actor = Self>> = __requests_of_Probe::ProbeApi<__T>;
        type Name = __p::OwnName;
        const NAME: &'static str = "acme.Probe";
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E)
        where
            for<'__a> Self: __p::Send,
        {
            (&__p::Exported::<Self, __Block>::OF).show(__exporter);
        }
        fn mailbox() -> __p::MailboxConfig {
            __p::MailboxConfig {
                capacity: __p::Option::Some({
                    let __capacity: usize = 8;
                    __capacity
                }),
                ..__p::MailboxConfig::default()
            }
        }
    }
    #[automatically_derived]
    impl __p::Exports<__Block> for Probe
    where
        for<'__a> Probe: __p::Send,
        for<'__a> GetHealth: __p::RemoteMessage,
        for<'__a> Probe: __p::Handler<GetHealth>,
        for<'__a> Ping: __p::RemoteMessage,
        for<'__a> Probe: __p::Handler<Ping>,
    {
        fn all<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
            __exporter.remote::<GetHealth>();
            __exporter.remote::<Ping>();
        }
    }
};
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    use __p::{NoCodec as _, RealCodec as _};
    fn check() {
        let _ = <Probe as __p::NamedActor>::FITS;
        let _ = <Probe as __p::RemoteArgument>::FITS;
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteSpawn for Probe
    where
        for<'__a> Probe: __p::Actor,
        for<'__a> Probe: __p::Named,
    {
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
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::IntoSpec for Probe
    where
        for<'__a> Probe: __p::RemoteSpawn<Params = Probe>,
    {
        type Actor = Self;
        fn into_spec(self) -> __p::Spec<Self> {
            __p::Spec::new(self)
        }
    }
    __p::inventory::submit! {
        __p::Registration::of(|| { use __p:: { EntryOfActor as _, EntryOfNothing as _ };
        (& __p::Constructed:: < Probe > ::OF).entry:: < () >
        (::core::concat!(::core::file!(), ":", ::core::line!())) })
    }
};
