pub struct Counter {
    n: i64,
}
impl Counter {
    fn new(start: i64) -> Self {
        Counter { n: start }
    }
    /// Adds `by` and returns the new value.
    ///
    /// Wraps around.
    pub async fn add(&mut self, by: i64) -> i64 {
        self.n += by;
        self.n
    }
    pub fn get(&self) -> i64 {
        self.n
    }
    async fn add_rank(&mut self, times: u32, cx: &Context<Self>) {
        self.n += i64::from(times) * cx.rank();
    }
    fn helper(&self) -> i64 {
        self.n
    }
}
/// Message of [`Counter::add`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct CounterAdd {
    /// How much.
    pub by: i64,
}
/// Message of [`Counter::get`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct CounterGet {}
/// Message of [`Counter::add_rank`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
struct CounterAddRank {
    times: u32,
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(missing_docs, unreachable_pub, non_camel_case_types, non_snake_case)]
mod __requests_of_Counter_new {
    /// Requests to [`Counter`](super::Counter): reached from every `ActorHandle<Counter>`, `ActorRef<Counter>` and `ActorMesh<Counter>`.
    pub struct CounterApi<__T>(pub(super) __T);
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(unreachable_pub, ambiguous_glob_reexports)]
pub use __requests_of_Counter_new::*;
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl<
    __T: ::mesh::__private::Target<Actor = Counter>,
> __requests_of_Counter_new::CounterApi<__T> {
    /// Adds `by` and returns the new value.
    ///
    /// Wraps around.
    #[inline]
    pub fn add(&self, by: i64) -> ::mesh::__private::Request<'_, __T, CounterAdd> {
        ::mesh::__private::Request::new(
            ::mesh::__private::Api::target(self),
            CounterAdd { by },
        )
    }
    /// Builds a request to [`Counter::get`].
    #[inline]
    pub fn get(&self) -> ::mesh::__private::Request<'_, __T, CounterGet> {
        ::mesh::__private::Request::new(
            ::mesh::__private::Api::target(self),
            CounterGet {},
        )
    }
    /// Builds a request to [`Counter::add_rank`].
    #[inline]
    fn add_rank(
        &self,
        times: u32,
    ) -> ::mesh::__private::Request<'_, __T, CounterAddRank> {
        ::mesh::__private::Request::new(
            ::mesh::__private::Api::target(self),
            CounterAddRank { times },
        )
    }
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Message for CounterAdd {
        type Reply = i64;
        const NAME: &'static str = "add";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            doc: "Adds `by` and returns the new value.",
            args: &[
                __p::ArgDescriptor {
                    name: "by",
                    ty: "i64",
                },
            ],
            reply: "i64",
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("add")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteMessage for CounterAdd {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            __out.put(&self.by)?;
            __p::Result::Ok(())
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            __p::Result::Ok(CounterAdd { by: __input.get()? })
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
                args: __p::Vec::from([("by", __p::schema_of::<i64>())]),
                reply: __p::schema_of::<i64>(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Handler<CounterAdd> for Counter
    where
        for<'__a> Counter: __p::Send,
    {
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: CounterAdd,
        ) -> impl __p::Future<Output = i64> + __p::Send {
            Self::add(self, __message.by)
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Message for CounterGet {
        type Reply = i64;
        const NAME: &'static str = "get";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            reply: "i64",
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("get")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteMessage for CounterGet {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            __p::Result::Ok(())
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            __p::Result::Ok(CounterGet {})
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
                args: __p::Vec::from([]),
                reply: __p::schema_of::<i64>(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Handler<CounterGet> for Counter
    where
        for<'__a> Counter: __p::Send,
    {
        const PLAIN: bool = true;
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: CounterGet,
        ) -> impl __p::Future<Output = i64> + __p::Send {
            __p::handle_plain(self, __cx, __message)
        }
        fn handle_plain(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: CounterGet,
        ) -> i64 {
            Self::get(self)
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Message for CounterAddRank {
        type Reply = ();
        const NAME: &'static str = "add_rank";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            args: &[
                __p::ArgDescriptor {
                    name: "times",
                    ty: "u32",
                },
            ],
            reply: "()",
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("add_rank")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteMessage for CounterAddRank {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            __out.put(&self.times)?;
            __p::Result::Ok(())
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            __p::Result::Ok(CounterAddRank {
                times: __input.get()?,
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
                args: __p::Vec::from([("times", __p::schema_of::<u32>())]),
                reply: __p::schema_of::<()>(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Handler<CounterAddRank> for Counter
    where
        for<'__a> Counter: __p::Send,
    {
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: CounterAddRank,
        ) -> impl __p::Future<Output = ()> + __p::Send {
            Self::add_rank(self, __message.times, __cx)
        }
    }
    #[automatically_derived]
    impl<__T> __p::Api<__T> for __requests_of_Counter_new::CounterApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            __requests_of_Counter_new::CounterApi(__target)
        }
        #[inline]
        fn target(&self) -> &__T {
            &self.0
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Actor for Counter {
        type Api<__T: __p::Target<Actor = Self>> = __requests_of_Counter_new::CounterApi<
            __T,
        >;
        type Name = __p::OwnName;
        const NAME: &'static str = ::core::concat!(
            ::core::module_path!(), "::", "Counter"
        );
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E)
        where
            for<'__a> Self: __p::Send,
        {
            __exporter.remote::<CounterAdd>();
            __exporter.remote::<CounterGet>();
            __exporter.remote::<CounterAddRank>();
        }
    }
};
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteSpawn for Counter {
        type Params = (i64,);
        fn encode_params(
            __params: &(i64,),
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            __out.put(&__params.0)?;
            __p::Result::Ok(())
        }
        fn decode_params(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<(i64,), __p::DecodeError> {
            __p::Result::Ok((__input.get()?,))
        }
        fn params_schema() -> __p::Vec<(&'static str, __p::String)> {
            __p::Vec::from([("start", __p::schema_of::<i64>())])
        }
        fn create(
            __params: (i64,),
            __env: &__p::SpawnEnv,
        ) -> impl __p::Future<Output = __p::Result<Self, __p::String>> + __p::Send {
            async move { __p::IntoActor::into_actor(Self::new(__params.0)) }
        }
    }
    __p::inventory::submit! {
        __p::Registration::of(|| { use __p:: { EntryOfActor as _, EntryOfNothing as _ };
        (& __p::Constructed:: < Counter > ::OF).entry:: < () >
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
impl Counter {
    /// What a spawn ships to construct a [`Counter`] anywhere: the arguments of `Counter::new`.
    pub fn spec(start: i64) -> ::mesh::__private::Spec<Self> {
        ::mesh::__private::Spec::new((start,))
    }
}
