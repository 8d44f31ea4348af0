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
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(missing_docs, unreachable_pub, non_camel_case_types, non_snake_case)]
mod __requests_of_Pool_visit {
    /// Requests to [`Pool`](super::Pool): reached from every `ActorHandle<Pool>`, `ActorRef<Pool>` and `ActorMesh<Pool>`.
    pub struct PoolApi<__T>(pub(super) __T);
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(unreachable_pub, ambiguous_glob_reexports)]
pub use __requests_of_Pool_visit::*;
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl<
    __T: ::mesh::__private::Target<Actor = Pool>,
> __requests_of_Pool_visit::PoolApi<__T> {
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
    impl<__T> __p::Api<__T> for __requests_of_Pool_visit::PoolApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            __requests_of_Pool_visit::PoolApi(__target)
        }
        #[inline]
        fn target(&self) -> &__T {
            &self.0
        }
    }
    use __p::{ShowAll as _, ShowNothing as _};
    /// This block of the actor.
    struct __Block;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Actor for Pool {
        type Api<__T: __p::Target<Actor = Self>> = __requests_of_Pool_visit::PoolApi<
            __T,
        >;
        type Name = __p::OwnName;
        const NAME: &'static str = ::core::concat!(::core::module_path!(), "::", "Pool");
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E)
        where
            for<'__a> Self: __p::Send,
        {
            (&__p::Exported::<Self, __Block>::OF).show(__exporter);
        }
    }
    #[automatically_derived]
    impl __p::Exports<__Block> for Pool
    where
        for<'__a> Pool: __p::Send,
        for<'__a> Box<dyn Fn(&str) -> bool + Send>: __p::Send,
        for<'__a> Arc<State>: __p::Send,
    {
        fn all<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
            __exporter.local::<PoolVisit>();
        }
    }
};
