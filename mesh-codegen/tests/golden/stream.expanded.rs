pub struct Log;
impl Log {
    /// Streams the lines from `from` on.
    pub async fn tail(&mut self, from: u64, out: PortRef<Line>, level: u8) {
        self.tails.push((from, out, level));
    }
    fn watch(&mut self, out: PortRef<Self>) {
        self.watchers.push(out);
    }
}
/// Message of [`Log::tail`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct LogTail {
    pub from: u64,
    pub out: PortRef<Line>,
    pub level: u8,
}
/// Message of [`Log::watch`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
struct LogWatch {
    out: PortRef<Log>,
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(missing_docs, unreachable_pub, non_camel_case_types, non_snake_case)]
mod __requests_of_Log_tail {
    /// Requests to [`Log`](super::Log): reached from every `ActorHandle<Log>`, `ActorRef<Log>` and `ActorMesh<Log>`.
    pub struct LogApi<__T>(pub(super) __T);
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(unreachable_pub, ambiguous_glob_reexports)]
pub use __requests_of_Log_tail::*;
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl<__T: ::mesh::__private::Target<Actor = Log>> __requests_of_Log_tail::LogApi<__T> {
    /// Streams the lines from `from` on.
    #[inline]
    pub fn tail(
        &self,
        from: u64,
        level: u8,
    ) -> ::mesh::__private::StreamRequest<
        '_,
        __T,
        Line,
        impl ::core::ops::FnOnce(::mesh::__private::PortRef<Line>) -> LogTail + use<__T>,
    > {
        ::mesh::__private::StreamRequest::new(
            ::mesh::__private::Api::target(self),
            move |__port: ::mesh::__private::PortRef<Line>| LogTail {
                from,
                out: __port,
                level,
            },
        )
    }
    /// Builds a request to [`Log::watch`].
    #[inline]
    fn watch(
        &self,
    ) -> ::mesh::__private::StreamRequest<
        '_,
        __T,
        Log,
        impl ::core::ops::FnOnce(::mesh::__private::PortRef<Log>) -> LogWatch + use<__T>,
    > {
        ::mesh::__private::StreamRequest::new(
            ::mesh::__private::Api::target(self),
            move |__port: ::mesh::__private::PortRef<Log>| LogWatch { out: __port },
        )
    }
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    use __p::{NoCodec as _, RealCodec as _};
    fn check_handlers() {
        let _ = <Line as __p::StreamItem>::FITS;
        let _ = <Log as __p::StreamItem>::FITS;
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Message for LogTail
    where
        for<'__a> PortRef<Line>: __p::Send,
    {
        type Reply = ();
        const NAME: &'static str = "tail";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            doc: "Streams the lines from `from` on.",
            args: &[
                __p::ArgDescriptor {
                    name: "from",
                    ty: "u64",
                },
                __p::ArgDescriptor {
                    name: "level",
                    ty: "u8",
                },
            ],
            reply: "Line",
            stream: true,
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("tail")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteMessage for LogTail
    where
        for<'__a> PortRef<Line>: __p::Send,
    {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            __out.put(&self.from)?;
            (&__p::Wire::<PortRef<Line>>(__p::PhantomData)).put(&self.out, __out)?;
            __out.put(&self.level)?;
            __p::Result::Ok(())
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            __p::Result::Ok(LogTail {
                from: __input.get()?,
                out: (&__p::Wire::<PortRef<Line>>(__p::PhantomData)).get(__input)?,
                level: __input.get()?,
            })
        }
        fn encode_reply(
            __reply: &Self::Reply,
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            __out.put(__reply)
        }
        fn decode_reply(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self::Reply, __p::DecodeError> {
            __input.get()
        }
        fn schema() -> __p::HandlerSchema {
            __p::HandlerSchema {
                args: __p::Vec::from([
                    ("from", __p::schema_of::<u64>()),
                    ("level", __p::schema_of::<u8>()),
                ]),
                reply: ::std::format!(
                    "stream({})", (& __p::Wire:: < Line > (__p::PhantomData)).schema()
                ),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Handler<LogTail> for Log
    where
        for<'__a> PortRef<Line>: __p::Send,
        for<'__a> Log: __p::Send,
    {
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: LogTail,
        ) -> impl __p::Future<Output = ()> + __p::Send {
            Self::tail(self, __message.from, __message.out, __message.level)
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Message for LogWatch
    where
        for<'__a> PortRef<Log>: __p::Send,
    {
        type Reply = ();
        const NAME: &'static str = "watch";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            reply: "Log",
            local: true,
            stream: true,
            ..__p::HandlerDescriptor::new("watch")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Handler<LogWatch> for Log
    where
        for<'__a> PortRef<Log>: __p::Send,
        for<'__a> Log: __p::Send,
    {
        const PLAIN: bool = true;
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: LogWatch,
        ) -> impl __p::Future<Output = ()> + __p::Send {
            __p::handle_plain(self, __cx, __message)
        }
        fn handle_plain(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: LogWatch,
        ) -> () {
            Self::watch(self, __message.out)
        }
    }
    #[automatically_derived]
    impl<__T> __p::Api<__T> for __requests_of_Log_tail::LogApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            __requests_of_Log_tail::LogApi(__target)
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
    impl __p::Actor for Log {
        type Api<__T: __p::Target<Actor = Self>> = __requests_of_Log_tail::LogApi<__T>;
        type Name = __p::OwnName;
        const NAME: &'static str = ::core::concat!(::core::module_path!(), "::", "Log");
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E)
        where
            for<'__a> Self: __p::Send,
        {
            (&__p::Exported::<Self, __Block>::OF).show(__exporter);
        }
    }
    #[automatically_derived]
    impl __p::Exports<__Block> for Log
    where
        for<'__a> Log: __p::Send,
        for<'__a> PortRef<Line>: __p::Send,
        for<'__a> PortRef<Log>: __p::Send,
    {
        fn all<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
            __exporter.remote::<LogTail>();
            __exporter.local::<LogWatch>();
        }
    }
};
