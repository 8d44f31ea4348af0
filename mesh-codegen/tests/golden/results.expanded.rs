pub struct Shard;
impl Shard {
    pub async fn open(env: &SpawnEnv, path: String) -> Result<Self, OpenError> {
        Shard::load(path, env.rank()).await
    }
    pub async fn put(
        &mut self,
        key: String,
        value: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, KvError> {
        self.map.put(key, value)
    }
    pub fn check(&self) -> mesh::Result<()> {
        Ok(())
    }
}
/// Message of [`Shard::put`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct ShardPut {
    pub key: String,
    pub value: Vec<u8>,
}
/// Message of [`Shard::check`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct ShardCheck {}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(missing_docs, unreachable_pub, non_camel_case_types, non_snake_case)]
mod __requests_of_Shard_open {
    /// Requests to [`Shard`](super::Shard): reached from every `ActorHandle<Shard>`, `ActorRef<Shard>` and `ActorMesh<Shard>`.
    pub struct ShardApi<__T>(pub(super) __T);
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(unreachable_pub, ambiguous_glob_reexports)]
pub use __requests_of_Shard_open::*;
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl<
    __T: ::mesh::__private::Target<Actor = Shard>,
> __requests_of_Shard_open::ShardApi<__T> {
    /// Builds a request to [`Shard::put`].
    #[inline]
    pub fn put(
        &self,
        key: String,
        value: Vec<u8>,
    ) -> ::mesh::__private::Request<'_, __T, ShardPut> {
        ::mesh::__private::Request::new(
            ::mesh::__private::Api::target(self),
            ShardPut { key, value },
        )
    }
    /// Builds a request to [`Shard::check`].
    #[inline]
    pub fn check(&self) -> ::mesh::__private::Request<'_, __T, ShardCheck> {
        ::mesh::__private::Request::new(
            ::mesh::__private::Api::target(self),
            ShardCheck {},
        )
    }
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    use __p::{NoCodec as _, RealCodec as _};
    fn check_handlers() {
        let _ = <KvError as __p::ReplyValue>::FITS;
        let _ = <mesh::Result<()> as __p::ReplyValue>::FITS;
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Message for ShardPut
    where
        for<'__a> Result<Option<Vec<u8>>, KvError>: __p::Send,
    {
        type Reply = Result<Option<Vec<u8>>, KvError>;
        const NAME: &'static str = "put";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            args: &[
                __p::ArgDescriptor {
                    name: "key",
                    ty: "String",
                },
                __p::ArgDescriptor {
                    name: "value",
                    ty: "Vec<u8>",
                },
            ],
            reply: "Result<Option<Vec<u8>>, KvError>",
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("put")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteMessage for ShardPut
    where
        for<'__a> Result<Option<Vec<u8>>, KvError>: __p::Send,
    {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            __out.put(&self.key)?;
            __out.put(&self.value)?;
            __p::Result::Ok(())
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            __p::Result::Ok(ShardPut {
                key: __input.get()?,
                value: __input.get()?,
            })
        }
        fn encode_reply(
            __reply: &Self::Reply,
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            (&__p::Wire::<Result<Option<Vec<u8>>, KvError>>(__p::PhantomData))
                .put(__reply, __out)
        }
        fn decode_reply(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self::Reply, __p::DecodeError> {
            (&__p::Wire::<Result<Option<Vec<u8>>, KvError>>(__p::PhantomData))
                .get(__input)
        }
        fn schema() -> __p::HandlerSchema {
            __p::HandlerSchema {
                args: __p::Vec::from([
                    ("key", __p::schema_of::<String>()),
                    ("value", __p::schema_of::<Vec<u8>>()),
                ]),
                reply: (&__p::Wire::<Result<Option<Vec<u8>>, KvError>>(__p::PhantomData))
                    .schema(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Handler<ShardPut> for Shard
    where
        for<'__a> Result<Option<Vec<u8>>, KvError>: __p::Send,
        for<'__a> Shard: __p::Send,
    {
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: ShardPut,
        ) -> impl __p::Future<Output = Result<Option<Vec<u8>>, KvError>> + __p::Send {
            Self::put(self, __message.key, __message.value)
        }
        fn verdict(__reply: &Result<Option<Vec<u8>>, KvError>) -> __p::Verdict {
            use __p::{
                VerdictDebug as _, VerdictDisplay as _, VerdictFatal as _,
                VerdictOpaque as _,
            };
            match __reply {
                __p::Result::Ok(_) => __p::Verdict::Answer,
                __p::Result::Err(__error) => (&&&&__p::ErrorText(__error)).verdict(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Message for ShardCheck
    where
        for<'__a> mesh::Result<()>: __p::Send,
    {
        type Reply = mesh::Result<()>;
        const NAME: &'static str = "check";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            reply: "mesh::Result<()>",
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("check")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteMessage for ShardCheck
    where
        for<'__a> mesh::Result<()>: __p::Send,
    {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            __p::Result::Ok(())
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            __p::Result::Ok(ShardCheck {})
        }
        fn encode_reply(
            __reply: &Self::Reply,
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            (&__p::Wire::<mesh::Result<()>>(__p::PhantomData)).put(__reply, __out)
        }
        fn decode_reply(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self::Reply, __p::DecodeError> {
            (&__p::Wire::<mesh::Result<()>>(__p::PhantomData)).get(__input)
        }
        fn schema() -> __p::HandlerSchema {
            __p::HandlerSchema {
                args: __p::Vec::from([]),
                reply: (&__p::Wire::<mesh::Result<()>>(__p::PhantomData)).schema(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Handler<ShardCheck> for Shard
    where
        for<'__a> mesh::Result<()>: __p::Send,
        for<'__a> Shard: __p::Send,
    {
        const PLAIN: bool = true;
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: ShardCheck,
        ) -> impl __p::Future<Output = mesh::Result<()>> + __p::Send {
            __p::handle_plain(self, __cx, __message)
        }
        fn handle_plain(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: ShardCheck,
        ) -> mesh::Result<()> {
            Self::check(self)
        }
        fn verdict(__reply: &mesh::Result<()>) -> __p::Verdict {
            use __p::{
                VerdictDebug as _, VerdictDisplay as _, VerdictFatal as _,
                VerdictOpaque as _,
            };
            match __reply {
                __p::Result::Ok(_) => __p::Verdict::Answer,
                __p::Result::Err(__error) => (&&&&__p::ErrorText(__error)).verdict(),
            }
        }
    }
    #[automatically_derived]
    impl<__T> __p::Api<__T> for __requests_of_Shard_open::ShardApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            __requests_of_Shard_open::ShardApi(__target)
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
    impl __p::Actor for Shard {
        type Api<__T: __p::Target<Actor = Self>> = __requests_of_Shard_open::ShardApi<
            __T,
        >;
        type Name = __p::OwnName;
        const NAME: &'static str = ::core::concat!(
            ::core::module_path!(), "::", "Shard"
        );
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E)
        where
            for<'__a> Self: __p::Send,
        {
            (&__p::Exported::<Self, __Block>::OF).show(__exporter);
        }
    }
    #[automatically_derived]
    impl __p::Exports<__Block> for Shard
    where
        for<'__a> Shard: __p::Send,
        for<'__a> Result<Option<Vec<u8>>, KvError>: __p::Send,
        for<'__a> mesh::Result<()>: __p::Send,
    {
        fn all<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
            __exporter.remote::<ShardPut>();
            __exporter.remote::<ShardCheck>();
        }
    }
};
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteSpawn for Shard {
        type Params = (String,);
        fn encode_params(
            __params: &(String,),
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            __out.put(&__params.0)?;
            __p::Result::Ok(())
        }
        fn decode_params(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<(String,), __p::DecodeError> {
            __p::Result::Ok((__input.get()?,))
        }
        fn params_schema() -> __p::Vec<(&'static str, __p::String)> {
            __p::Vec::from([("path", __p::schema_of::<String>())])
        }
        fn create(
            __params: (String,),
            __env: &__p::SpawnEnv,
        ) -> impl __p::Future<Output = __p::Result<Self, __p::String>> + __p::Send {
            async move {
                __p::IntoActor::into_actor(Self::open(__env, __params.0).await)
            }
        }
    }
    __p::inventory::submit! {
        __p::Registration::of(|| { use __p:: { EntryOfActor as _, EntryOfNothing as _ };
        (& __p::Constructed:: < Shard > ::OF).entry:: < () >
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
impl Shard {
    /// What a spawn ships to construct a [`Shard`] anywhere: the arguments of `Shard::open`.
    pub fn spec(path: String) -> ::mesh::__private::Spec<Self> {
        ::mesh::__private::Spec::new((path,))
    }
}
