pub struct Mapper;
impl Mapper {
    pub fn count_words(
        &self,
        min_len: u32,
        r#type: [u8; Self::WIDTH],
    ) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
    pub fn r#match(&self, mut unit: ()) {}
}
/// Message of [`Mapper::count_words`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct Count {
    pub min_len: u32,
    pub r#type: [u8; <Mapper>::WIDTH],
}
/// Message of [`Mapper::r#match`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct MapperMatch {
    pub unit: (),
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(missing_docs, unreachable_pub, non_camel_case_types, non_snake_case)]
mod __requests_of_Mapper_count_words {
    /// Requests to [`Mapper`](super::Mapper): reached from every `ActorHandle<Mapper>`, `ActorRef<Mapper>` and `ActorMesh<Mapper>`.
    pub struct MapperApi<__T>(pub(super) __T);
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(unreachable_pub, ambiguous_glob_reexports)]
pub use __requests_of_Mapper_count_words::*;
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl<
    __T: ::mesh::__private::Target<Actor = Mapper>,
> __requests_of_Mapper_count_words::MapperApi<__T> {
    /// Builds a request to [`Mapper::count_words`].
    #[inline]
    pub fn count_words(
        &self,
        min_len: u32,
        r#type: [u8; <Mapper>::WIDTH],
    ) -> ::mesh::__private::Request<'_, __T, Count> {
        ::mesh::__private::Request::new(
            ::mesh::__private::Api::target(self),
            Count { min_len, r#type },
        )
    }
    /// Builds a request to [`Mapper::r#match`].
    #[inline]
    pub fn r#match(&self, unit: ()) -> ::mesh::__private::Request<'_, __T, MapperMatch> {
        ::mesh::__private::Request::new(
            ::mesh::__private::Api::target(self),
            MapperMatch { unit },
        )
    }
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    use __p::{NoCodec as _, RealCodec as _};
    fn check_handlers() {
        let _ = <[u8; <Mapper>::WIDTH] as __p::RemoteArgument>::FITS;
        let _ = <Merge<Sum> as __p::Reducer<BTreeMap<String, u64>>>::reduce;
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Message for Count
    where
        for<'__a> [u8; <Mapper>::WIDTH]: __p::Send,
    {
        type Reply = BTreeMap<String, u64>;
        const NAME: &'static str = "count";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            args: &[
                __p::ArgDescriptor {
                    name: "min_len",
                    ty: "u32",
                },
                __p::ArgDescriptor {
                    name: "type",
                    ty: "[u8; <Mapper>::WIDTH]",
                },
            ],
            reply: "BTreeMap<String, u64>",
            timeout: __p::Option::Some(__p::Duration::new(0u64, 250000000u32)),
            reduce: __p::Option::Some("Merge<Sum>"),
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("count")
        };
    }
    __p::inventory::submit! {
        { use __p::CallerMerges as _; __p::Mergeable:: < BTreeMap < String, u64 >, Merge
        < Sum > > ::ENTRY }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteMessage for Count
    where
        for<'__a> [u8; <Mapper>::WIDTH]: __p::Send,
    {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            __out.put(&self.min_len)?;
            (&__p::Wire::<[u8; <Mapper>::WIDTH]>(__p::PhantomData))
                .put(&self.r#type, __out)?;
            __p::Result::Ok(())
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            __p::Result::Ok(Count {
                min_len: __input.get()?,
                r#type: (&__p::Wire::<[u8; <Mapper>::WIDTH]>(__p::PhantomData))
                    .get(__input)?,
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
                    ("min_len", __p::schema_of::<u32>()),
                    (
                        "type",
                        (&__p::Wire::<[u8; <Mapper>::WIDTH]>(__p::PhantomData)).schema(),
                    ),
                ]),
                reply: __p::schema_of::<BTreeMap<String, u64>>(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Handler<Count> for Mapper
    where
        for<'__a> [u8; <Mapper>::WIDTH]: __p::Send,
        for<'__a> Mapper: __p::Send,
    {
        const PLAIN: bool = true;
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: Count,
        ) -> impl __p::Future<Output = BTreeMap<String, u64>> + __p::Send {
            __p::handle_plain(self, __cx, __message)
        }
        fn handle_plain(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: Count,
        ) -> BTreeMap<String, u64> {
            Self::count_words(self, __message.min_len, __message.r#type)
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Message for MapperMatch {
        type Reply = ();
        const NAME: &'static str = "match";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            args: &[
                __p::ArgDescriptor {
                    name: "unit",
                    ty: "()",
                },
            ],
            reply: "()",
            timeout: __p::Option::Some(__p::Duration::new(120u64, 0u32)),
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("match")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteMessage for MapperMatch {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            __out.put(&self.unit)?;
            __p::Result::Ok(())
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            __p::Result::Ok(MapperMatch {
                unit: __input.get()?,
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
                args: __p::Vec::from([("unit", __p::schema_of::<()>())]),
                reply: __p::schema_of::<()>(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Handler<MapperMatch> for Mapper
    where
        for<'__a> Mapper: __p::Send,
    {
        const PLAIN: bool = true;
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: MapperMatch,
        ) -> impl __p::Future<Output = ()> + __p::Send {
            __p::handle_plain(self, __cx, __message)
        }
        fn handle_plain(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: MapperMatch,
        ) -> () {
            Self::r#match(self, __message.unit)
        }
    }
    #[automatically_derived]
    impl<__T> __p::Api<__T> for __requests_of_Mapper_count_words::MapperApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            __requests_of_Mapper_count_words::MapperApi(__target)
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
    impl __p::Actor for Mapper {
        type Api<__T: __p::Target<Actor = Self>> = __requests_of_Mapper_count_words::MapperApi<
            __T,
        >;
        type Name = __p::OwnName;
        const NAME: &'static str = ::core::concat!(
            ::core::module_path!(), "::", "Mapper"
        );
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E)
        where
            for<'__a> Self: __p::Send,
        {
            (&__p::Exported::<Self, __Block>::OF).show(__exporter);
        }
        const RESTART: __p::Option<__p::RestartPolicy> = {
            <Mapper as __p::MadeAnew>::FITS;
            __p::Option::Some(__p::RestartPolicy {
                max: 5,
                within: __p::Duration::from_millis(60000u64),
                ..__p::RestartPolicy::DEFAULT
            })
        };
    }
    #[automatically_derived]
    impl __p::Exports<__Block> for Mapper
    where
        for<'__a> Mapper: __p::Send,
        for<'__a> [u8; <Mapper>::WIDTH]: __p::Send,
    {
        fn all<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
            __exporter.remote::<Count>();
            __exporter.remote::<MapperMatch>();
        }
    }
};
