pub struct Pool;
impl Pool {
    pub async fn visit(&mut self, with: Box<dyn Fn(&str) -> bool + Send>) -> Arc<State> {
        self.state.visit(with)
    }
}
/// Message of [`Pool::visit`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct PoolVisit {
    pub with: Box<dyn Fn(&str) -> bool + Send>,
}
/// Requests to [`Pool`]: reached from every `ActorHandle<Pool>`, `ActorRef<Pool>` and `ActorMesh<Pool>`.
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct PoolApi<__T>(__T);
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl<__T: ::mesh::__private::Target<Actor = Pool>> PoolApi<__T> {
    /// Builds a request to [`Pool::visit`].
    #[inline]
    pub fn visit(
        &self,
        with: Box<dyn Fn(&str) -> bool + Send>,
    ) -> ::mesh::__private::Request<'_, __T, PoolVisit> {
        ::mesh::__private::Request::new(
            ::mesh::__private::Api::target(self),
            PoolVisit { with },
        )
    }
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    fn check_handlers() {
        let _ = <Box<dyn Fn(&str) -> bool + Send> as __p::LocalArgument>::FITS;
        let _ = <Arc<State> as __p::LocalReply>::FITS;
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Message for PoolVisit
    where
        for<'__a> Box<dyn Fn(&str) -> bool + Send>: __p::Send,
        for<'__a> Arc<State>: __p::Send,
    {
        type Reply = Arc<State>;
        const NAME: &'static str = "visit";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            args: &[
                __p::ArgDescriptor {
                    name: "with",
                    ty: "Box<dyn Fn(&str) -> bool + Send>",
                },
            ],
            reply: "Arc<State>",
            local: true,
            ..__p::HandlerDescriptor::new("visit")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Handler<PoolVisit> for Pool
    where
        for<'__a> Box<dyn Fn(&str) -> bool + Send>: __p::Send,
        for<'__a> Arc<State>: __p::Send,
        for<'__a> Pool: __p::Send,
    {
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: PoolVisit,
        ) -> impl __p::Future<Output = Arc<State>> + __p::Send {
            Self::visit(self, __message.with)
        }
    }
    #[automatically_derived]
    impl<__T> __p::Api<__T> for PoolApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            PoolApi(__target)
        }
        #[inline]
        fn target(&self) -> &__T {
            &self.0
        }
    }
    use __p::{ShowAll as _, ShowNothing as _};
    /// This block of the actor.
    struct Block;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Actor for Pool {
        type Api<__T: __p::Target<Actor = Self>> = PoolApi<__T>;
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E)
        where
            for<'__a> Self: __p::Send,
        {
            (&__p::Exported::<Self, Block>::OF).show(__exporter);
        }
    }
    #[automatically_derived]
    impl __p::Exports<Block> for Pool
    where
        for<'__a> Pool: __p::Send,
        for<'__a> Box<dyn Fn(&str) -> bool + Send>: __p::Send,
        for<'__a> Arc<State>: __p::Send,
    {
        fn all<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
            __exporter.local::<PoolVisit>();
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Named for Pool {
        const TYPE_ID: u64 = __p::name_hash(
            ::core::concat!(::core::module_path!(), "::", "Pool"),
        );
        fn type_name() -> __p::String {
            __p::text(::core::concat!(::core::module_path!(), "::", "Pool"))
        }
    }
};
