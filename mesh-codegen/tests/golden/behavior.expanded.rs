/// Whatever can tell its health.
pub enum Watched {}
const _: () = {
    use ::mesh::__private as __p;
    impl __p::Actor for Watched {
        type Api<__T: __p::Target<Actor = Self>> = __p::BehaviorApi<__T>;
        type Name = __p::NoName;
        const NAME: &'static str = ::core::concat!(
            ::core::module_path!(), "::", ::core::stringify!(Watched)
        );
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
            use __p::{ShowAll as _, ShowNothing as _};
            (&__p::Exported::<Self, ()>::OF).show(__exporter);
        }
    }
    impl __p::Exports<()> for Watched
    where
        for<'__a> GetHealth: __p::RemoteMessage,
        for<'__a> Ping: __p::RemoteMessage,
    {
        fn all<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
            __exporter.remote::<GetHealth>();
            __exporter.remote::<Ping>();
        }
    }
    #[allow(dead_code, reason = "it is checked, and never called")]
    fn check() {
        let _ = <GetHealth as __p::BehaviorMessage>::FITS;
        let _ = <Ping as __p::BehaviorMessage>::FITS;
    }
    #[diagnostic::do_not_recommend]
    impl __p::Handler<GetHealth> for Watched
    where
        for<'__a> GetHealth: __p::RemoteMessage,
    {
        fn handle(
            &mut self,
            _: &__p::Context<Self>,
            _: GetHealth,
        ) -> impl __p::Future<Output = <GetHealth as __p::Message>::Reply> + __p::Send {
            let never: &Self = self;
            match *never {}
            #[allow(unreachable_code, reason = "it is the type of the future")]
            async { ::core::unreachable!() }
        }
    }
    #[diagnostic::do_not_recommend]
    impl __p::Handler<Ping> for Watched
    where
        for<'__a> Ping: __p::RemoteMessage,
    {
        fn handle(
            &mut self,
            _: &__p::Context<Self>,
            _: Ping,
        ) -> impl __p::Future<Output = <Ping as __p::Message>::Reply> + __p::Send {
            let never: &Self = self;
            match *never {}
            #[allow(unreachable_code, reason = "it is the type of the future")]
            async { ::core::unreachable!() }
        }
    }
};
impl Watched {
    /// The same actor, or mesh of actors, known by these messages alone.
    #[allow(dead_code, reason = "a program may only take such references")]
    pub fn of<__S, __V>(source: &__S) -> __V
    where
        __S: ::mesh::__private::BehaviorSource<Self, View = __V>,
        __S::Actor: ::mesh::__private::Handles<GetHealth>,
        __S::Actor: ::mesh::__private::Handles<Ping>,
    {
        source.view()
    }
}
