pub struct Pool;
impl Pool {
    async fn start(&mut self, cx: &Context<Self>) -> Result<(), StartError> {
        self.fill(cx).await
    }
    fn bye(&mut self) {}
    async fn worker_died(&mut self, failure: Failure, _cx: &Context<Self>) -> Directive {
        self.restarts += 1;
        Directive::Restart
    }
    fn worker_lives_on(&mut self, event: SupervisionEvent) {
        self.seen.push(event);
    }
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(missing_docs, unreachable_pub, non_camel_case_types, non_snake_case)]
mod __requests_of_Pool_start {
    /// Requests to [`Pool`](super::Pool): reached from every `ActorHandle<Pool>`, `ActorRef<Pool>` and `ActorMesh<Pool>`.
    pub struct PoolApi<__T>(pub(super) __T);
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(unreachable_pub, ambiguous_glob_reexports)]
pub use __requests_of_Pool_start::*;
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
> __requests_of_Pool_start::PoolApi<__T> {}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    impl<__T> __p::Api<__T> for __requests_of_Pool_start::PoolApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            __requests_of_Pool_start::PoolApi(__target)
        }
        #[inline]
        fn target(&self) -> &__T {
            &self.0
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Actor for Pool {
        type Api<__T: __p::Target<Actor = Self>> = __requests_of_Pool_start::PoolApi<
            __T,
        >;
        type Name = __p::OwnName;
        const NAME: &'static str = ::core::concat!(::core::module_path!(), "::", "Pool");
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E)
        where
            for<'__a> Self: __p::Send,
        {}
        fn on_start(
            &mut self,
            __cx: &__p::Context<Self>,
        ) -> impl __p::Future<Output = __p::Result<(), __p::Fatal>> + __p::Send {
            async move {
                __p::HookResult::into_hook_result(Self::start(self, __cx).await)
            }
        }
        fn on_stop(
            &mut self,
            __cx: &__p::Context<Self>,
        ) -> impl __p::Future<Output = __p::Result<(), __p::Fatal>> + __p::Send {
            async move { __p::HookResult::into_hook_result(Self::bye(self)) }
        }
        fn on_failure(
            &mut self,
            __cx: &__p::Context<Self>,
            __failure: __p::Failure,
        ) -> impl __p::Future<Output = __p::Directive> + __p::Send {
            async move { Self::worker_died(self, __failure, __cx).await }
        }
        fn on_event(
            &mut self,
            __cx: &__p::Context<Self>,
            __failure: __p::SupervisionEvent,
        ) -> impl __p::Future<Output = ()> + __p::Send {
            async move { Self::worker_lives_on(self, __failure) }
        }
    }
};
