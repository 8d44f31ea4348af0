pub struct Host;
impl Host {
    fn ping(&self) {}
}
/// Message of [`Host::ping`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
struct HostPing {}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(missing_docs, unreachable_pub, non_camel_case_types, non_snake_case)]
mod __requests_of_Host_ping {
    /// Requests to [`Host`](super::Host): reached from every `ActorHandle<Host>`, `ActorRef<Host>` and `ActorMesh<Host>`.
    pub struct HostApi<__T>(pub(super) __T);
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(unreachable_pub, ambiguous_glob_reexports)]
pub use __requests_of_Host_ping::*;
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl<
    __T: ::mesh::__private::Target<Actor = Host>,
> __requests_of_Host_ping::HostApi<__T> {
    /// Builds a request to [`Host::ping`].
    #[inline]
    fn ping(&self) -> ::mesh::__private::Request<'_, __T, HostPing> {
        ::mesh::__private::Request::new(
            ::mesh::__private::Api::target(self),
            HostPing {},
        )
    }
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Message for HostPing {
        type Reply = ();
        const NAME: &'static str = "ping";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            reply: "()",
            local: true,
            ..__p::HandlerDescriptor::new("ping")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Handler<HostPing> for Host
    where
        for<'__a> Host: __p::Send,
    {
        const PLAIN: bool = true;
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: HostPing,
        ) -> impl __p::Future<Output = ()> + __p::Send {
            __p::handle_plain(self, __cx, __message)
        }
        fn handle_plain(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: HostPing,
        ) -> () {
            Self::ping(self)
        }
    }
    #[automatically_derived]
    impl<__T> __p::Api<__T> for __requests_of_Host_ping::HostApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            __requests_of_Host_ping::HostApi(__target)
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
    impl __p::Actor for Host {
        type Api<__T: __p::Target<Actor = Self>> = __requests_of_Host_ping::HostApi<__T>;
        type Name = __p::OwnName;
        const NAME: &'static str = ::core::concat!(::core::module_path!(), "::", "Host");
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E)
        where
            for<'__a> Self: __p::Send,
        {
            (&__p::Exported::<Self, __Block>::OF).show(__exporter);
        }
    }
    #[automatically_derived]
    impl __p::Exports<__Block> for Host
    where
        for<'__a> Host: __p::Send,
    {
        fn all<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
            __exporter.local::<HostPing>();
            {
                use __p::{UnwrittenPart as _, WrittenPart as _};
                (&__p::PartOf::<Self, { __p::name_hash("admin") }>::OF).show(__exporter);
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Lists<{ __p::name_hash("admin") }> for Host {}
};
mod admin {
    impl super::Host {
        pub fn drain(&mut self) {}
    }
    /// Message of [`Host::drain`].
    #[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
    #[allow(
        missing_docs,
        private_bounds,
        private_interfaces,
        unreachable_pub,
        non_camel_case_types
    )]
    pub struct HostDrain {}
    #[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
    #[allow(
        missing_docs,
        private_bounds,
        private_interfaces,
        unreachable_pub,
        non_camel_case_types
    )]
    impl<__T: ::mesh::__private::Target<Actor = super::Host>> super::HostApi<__T> {
        /// Builds a request to [`Host::drain`].
        #[inline]
        pub fn drain(&self) -> ::mesh::__private::Request<'_, __T, HostDrain> {
            ::mesh::__private::Request::new(
                ::mesh::__private::Api::target(self),
                HostDrain {},
            )
        }
    }
    #[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
    const _: () = {
        use ::mesh::__private as __p;
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl __p::Message for HostDrain {
            type Reply = ();
            const NAME: &'static str = "drain";
            const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
                reply: "()",
                local: true,
                ..__p::HandlerDescriptor::new("drain")
            };
        }
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl __p::Handler<HostDrain> for super::Host
        where
            for<'__a> super::Host: __p::Send,
        {
            const PLAIN: bool = true;
            fn handle(
                &mut self,
                __cx: &__p::Context<Self>,
                __message: HostDrain,
            ) -> impl __p::Future<Output = ()> + __p::Send {
                __p::handle_plain(self, __cx, __message)
            }
            fn handle_plain(
                &mut self,
                __cx: &__p::Context<Self>,
                __message: HostDrain,
            ) -> () {
                Self::drain(self)
            }
        }
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl __p::Part<{ __p::name_hash("admin") }> for super::Host {
            fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
                use __p::{ListedPart as _, UnlistedPart as _};
                (&__p::PartOf::<Self, { __p::name_hash("admin") }>::OF).listed();
                __exporter.local::<HostDrain>();
            }
        }
    };
}
