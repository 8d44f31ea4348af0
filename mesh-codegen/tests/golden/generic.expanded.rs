pub struct Store<T, const N: usize> {
    map: BTreeMap<String, [T; N]>,
}
impl<T: RemoteArg + Clone + Sync, const N: usize> Store<T, N>
where
    [T; N]: RemoteArg,
{
    pub fn new() -> Self {
        Store { map: BTreeMap::new() }
    }
    pub fn put(&mut self, key: String, value: [T; N]) {
        self.map.insert(key, value);
    }
    pub async fn first(&self, key: String) -> Option<T> {
        self.map.get(&key).map(|values| values[0].clone())
    }
    pub fn len(&self) -> u64 {
        self.map.len() as u64
    }
    pub fn other(&mut self, other: ActorRef<Self>) {
        self.other = other;
    }
    pub fn watch(&mut self, out: PortRef<T>) {
        self.out = out;
    }
}
/// Message of [`Store::put`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct StorePut<T: RemoteArg + Clone + Sync, const N: usize>
where
    [T; N]: RemoteArg,
{
    pub key: String,
    pub value: [T; N],
    #[doc(hidden)]
    pub __marker: ::mesh::__private::PhantomData<fn() -> (T,)>,
}
/// Message of [`Store::first`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct StoreFirst<T: RemoteArg + Clone + Sync, const N: usize>
where
    [T; N]: RemoteArg,
{
    pub key: String,
    #[doc(hidden)]
    pub __marker: ::mesh::__private::PhantomData<fn() -> (T,)>,
}
/// Message of [`Store::len`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct StoreLen {}
/// Message of [`Store::other`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct StoreOther<T: RemoteArg + Clone + Sync, const N: usize>
where
    [T; N]: RemoteArg,
{
    pub other: ActorRef<Store<T, N>>,
    #[doc(hidden)]
    pub __marker: ::mesh::__private::PhantomData<fn() -> (T,)>,
}
/// Message of [`Store::watch`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct StoreWatch<T: RemoteArg + Clone + Sync, const N: usize>
where
    [T; N]: RemoteArg,
{
    pub out: PortRef<T>,
    #[doc(hidden)]
    pub __marker: ::mesh::__private::PhantomData<fn() -> (T,)>,
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    use __p::{NoCodec as _, RealCodec as _};
    fn check<T: RemoteArg + Clone + Sync, const N: usize>()
    where
        [T; N]: RemoteArg,
    {
        {
            fn fits<__T: __p::RemoteArg>() {}
            let _ = fits::<[T; N]>;
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + Clone + Sync + 'static, const N: usize> __p::Message
    for StorePut<T, N>
    where
        [T; N]: RemoteArg,
    {
        type Reply = ();
        const NAME: &'static str = "put";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            args: &[
                __p::ArgDescriptor {
                    name: "key",
                    ty: "String",
                },
                __p::ArgDescriptor {
                    name: "value",
                    ty: "[T; N]",
                },
            ],
            reply: "()",
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("put")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + Clone + Sync + 'static, const N: usize> __p::RemoteMessage
    for StorePut<T, N>
    where
        [T; N]: RemoteArg,
    {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            __out.put(&self.key)?;
            (&__p::Wire::<[T; N]>(__p::PhantomData)).put(&self.value, __out)?;
            __p::Result::Ok(())
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            __p::Result::Ok(StorePut {
                key: __input.get()?,
                value: (&__p::Wire::<[T; N]>(__p::PhantomData)).get(__input)?,
                __marker: __p::PhantomData,
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
                    ("key", __p::schema_of::<String>()),
                    ("value", (&__p::Wire::<[T; N]>(__p::PhantomData)).schema()),
                ]),
                reply: __p::schema_of::<()>(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<
        T: RemoteArg + Clone + Sync + 'static,
        const N: usize,
    > __p::Handler<StorePut<T, N>> for Store<T, N>
    where
        [T; N]: RemoteArg,
    {
        const PLAIN: bool = true;
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: StorePut<T, N>,
        ) -> impl __p::Future<Output = ()> + __p::Send {
            __p::handle_plain(self, __cx, __message)
        }
        fn handle_plain(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: StorePut<T, N>,
        ) -> () {
            Self::put(self, __message.key, __message.value)
        }
    }
};
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    use __p::{NoCodec as _, RealCodec as _};
    fn check<T: RemoteArg + Clone + Sync, const N: usize>()
    where
        [T; N]: RemoteArg,
    {
        {
            fn fits<__T: __p::RemoteReply>() {}
            let _ = fits::<T>;
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + Clone + Sync + 'static, const N: usize> __p::Message
    for StoreFirst<T, N>
    where
        [T; N]: RemoteArg,
    {
        type Reply = Option<T>;
        const NAME: &'static str = "first";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            args: &[
                __p::ArgDescriptor {
                    name: "key",
                    ty: "String",
                },
            ],
            reply: "Option<T>",
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("first")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + Clone + Sync + 'static, const N: usize> __p::RemoteMessage
    for StoreFirst<T, N>
    where
        [T; N]: RemoteArg,
    {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            __out.put(&self.key)?;
            __p::Result::Ok(())
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            __p::Result::Ok(StoreFirst {
                key: __input.get()?,
                __marker: __p::PhantomData,
            })
        }
        fn encode_reply(
            __reply: &Self::Reply,
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            (&__p::Wire::<Option<T>>(__p::PhantomData)).put(__reply, __out)
        }
        fn decode_reply(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self::Reply, __p::DecodeError> {
            (&__p::Wire::<Option<T>>(__p::PhantomData)).get(__input)
        }
        fn schema() -> __p::HandlerSchema {
            __p::HandlerSchema {
                args: __p::Vec::from([("key", __p::schema_of::<String>())]),
                reply: (&__p::Wire::<Option<T>>(__p::PhantomData)).schema(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<
        T: RemoteArg + Clone + Sync + 'static,
        const N: usize,
    > __p::Handler<StoreFirst<T, N>> for Store<T, N>
    where
        [T; N]: RemoteArg,
    {
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: StoreFirst<T, N>,
        ) -> impl __p::Future<Output = Option<T>> + __p::Send {
            Self::first(self, __message.key)
        }
    }
};
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Message for StoreLen {
        type Reply = u64;
        const NAME: &'static str = "len";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            reply: "u64",
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("len")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteMessage for StoreLen {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            __p::Result::Ok(())
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            __p::Result::Ok(StoreLen {})
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
                reply: __p::schema_of::<u64>(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + Clone + Sync + 'static, const N: usize> __p::Handler<StoreLen>
    for Store<T, N>
    where
        [T; N]: RemoteArg,
    {
        const PLAIN: bool = true;
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: StoreLen,
        ) -> impl __p::Future<Output = u64> + __p::Send {
            __p::handle_plain(self, __cx, __message)
        }
        fn handle_plain(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: StoreLen,
        ) -> u64 {
            Self::len(self)
        }
    }
};
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    use __p::{NoCodec as _, RealCodec as _};
    fn check<T: RemoteArg + Clone + Sync, const N: usize>()
    where
        [T; N]: RemoteArg,
    {
        {
            fn fits<__T: __p::RemoteArg>() {}
            let _ = fits::<ActorRef<Store<T, N>>>;
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + Clone + Sync + 'static, const N: usize> __p::Message
    for StoreOther<T, N>
    where
        [T; N]: RemoteArg,
    {
        type Reply = ();
        const NAME: &'static str = "other";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            args: &[
                __p::ArgDescriptor {
                    name: "other",
                    ty: "ActorRef<Store<T, N>>",
                },
            ],
            reply: "()",
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("other")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + Clone + Sync + 'static, const N: usize> __p::RemoteMessage
    for StoreOther<T, N>
    where
        [T; N]: RemoteArg,
    {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            (&__p::Wire::<ActorRef<Store<T, N>>>(__p::PhantomData))
                .put(&self.other, __out)?;
            __p::Result::Ok(())
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            __p::Result::Ok(StoreOther {
                other: (&__p::Wire::<ActorRef<Store<T, N>>>(__p::PhantomData))
                    .get(__input)?,
                __marker: __p::PhantomData,
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
                    (
                        "other",
                        (&__p::Wire::<ActorRef<Store<T, N>>>(__p::PhantomData)).schema(),
                    ),
                ]),
                reply: __p::schema_of::<()>(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<
        T: RemoteArg + Clone + Sync + 'static,
        const N: usize,
    > __p::Handler<StoreOther<T, N>> for Store<T, N>
    where
        [T; N]: RemoteArg,
    {
        const PLAIN: bool = true;
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: StoreOther<T, N>,
        ) -> impl __p::Future<Output = ()> + __p::Send {
            __p::handle_plain(self, __cx, __message)
        }
        fn handle_plain(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: StoreOther<T, N>,
        ) -> () {
            Self::other(self, __message.other)
        }
    }
};
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    use __p::{NoCodec as _, RealCodec as _};
    fn check<T: RemoteArg + Clone + Sync, const N: usize>()
    where
        [T; N]: RemoteArg,
    {
        let _ = <T as __p::StreamItem>::FITS;
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + Clone + Sync + 'static, const N: usize> __p::Message
    for StoreWatch<T, N>
    where
        [T; N]: RemoteArg,
    {
        type Reply = ();
        const NAME: &'static str = "watch";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            reply: "T",
            stream: true,
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("watch")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + Clone + Sync + 'static, const N: usize> __p::RemoteMessage
    for StoreWatch<T, N>
    where
        [T; N]: RemoteArg,
    {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            (&__p::Wire::<PortRef<T>>(__p::PhantomData)).put(&self.out, __out)?;
            __p::Result::Ok(())
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            __p::Result::Ok(StoreWatch {
                out: (&__p::Wire::<PortRef<T>>(__p::PhantomData)).get(__input)?,
                __marker: __p::PhantomData,
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
                args: __p::Vec::from([]),
                reply: ::std::format!(
                    "stream({})", (& __p::Wire:: < T > (__p::PhantomData)).schema()
                ),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<
        T: RemoteArg + Clone + Sync + 'static,
        const N: usize,
    > __p::Handler<StoreWatch<T, N>> for Store<T, N>
    where
        [T; N]: RemoteArg,
    {
        const PLAIN: bool = true;
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: StoreWatch<T, N>,
        ) -> impl __p::Future<Output = ()> + __p::Send {
            __p::handle_plain(self, __cx, __message)
        }
        fn handle_plain(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: StoreWatch<T, N>,
        ) -> () {
            Self::watch(self, __message.out)
        }
    }
};
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(missing_docs, unreachable_pub, non_camel_case_types, non_snake_case)]
mod __requests_of_Store_new {
    /// Requests to [`Store`](super::Store): reached from every `ActorHandle<Store>`, `ActorRef<Store>` and `ActorMesh<Store>`.
    pub struct StoreApi<__T>(pub(super) __T);
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(unreachable_pub, ambiguous_glob_reexports)]
pub use __requests_of_Store_new::*;
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl<
    T: RemoteArg + Clone + Sync + 'static,
    const N: usize,
    __T: ::mesh::__private::Target<Actor = Store<T, N>>,
> __requests_of_Store_new::StoreApi<__T>
where
    [T; N]: RemoteArg,
{
    /// Builds a request to [`Store::put`].
    #[inline]
    pub fn put(
        &self,
        key: String,
        value: [T; N],
    ) -> ::mesh::__private::Request<'_, __T, StorePut<T, N>> {
        ::mesh::__private::Request::new(
            ::mesh::__private::Api::target(self),
            StorePut {
                key,
                value,
                __marker: ::mesh::__private::PhantomData,
            },
        )
    }
    /// Builds a request to [`Store::first`].
    #[inline]
    pub fn first(
        &self,
        key: String,
    ) -> ::mesh::__private::Request<'_, __T, StoreFirst<T, N>> {
        ::mesh::__private::Request::new(
            ::mesh::__private::Api::target(self),
            StoreFirst {
                key,
                __marker: ::mesh::__private::PhantomData,
            },
        )
    }
    /// Builds a request to [`Store::len`].
    #[inline]
    pub fn len(&self) -> ::mesh::__private::Request<'_, __T, StoreLen> {
        ::mesh::__private::Request::new(
            ::mesh::__private::Api::target(self),
            StoreLen {},
        )
    }
    /// Builds a request to [`Store::other`].
    #[inline]
    pub fn other(
        &self,
        other: ActorRef<Store<T, N>>,
    ) -> ::mesh::__private::Request<'_, __T, StoreOther<T, N>> {
        ::mesh::__private::Request::new(
            ::mesh::__private::Api::target(self),
            StoreOther {
                other,
                __marker: ::mesh::__private::PhantomData,
            },
        )
    }
    /// Builds a request to [`Store::watch`].
    #[inline]
    pub fn watch(
        &self,
    ) -> ::mesh::__private::StreamRequest<
        '_,
        __T,
        T,
        impl ::core::ops::FnOnce(
            ::mesh::__private::PortRef<T>,
        ) -> StoreWatch<T, N> + use<T, N, __T>,
    > {
        ::mesh::__private::StreamRequest::new(
            ::mesh::__private::Api::target(self),
            move |__port: ::mesh::__private::PortRef<T>| StoreWatch {
                out: __port,
                __marker: ::mesh::__private::PhantomData,
            },
        )
    }
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    impl<__T> __p::Api<__T> for __requests_of_Store_new::StoreApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            __requests_of_Store_new::StoreApi(__target)
        }
        #[inline]
        fn target(&self) -> &__T {
            &self.0
        }
    }
    use __p::{ShowAll as _, ShowNothing as _};
    /// This block of the actor.
    struct __Block;
    fn check<T: RemoteArg + Clone + Sync, const N: usize>()
    where
        [T; N]: RemoteArg,
    {
        let _ = <T as __p::Lasting>::FITS;
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + Clone + Sync + 'static, const N: usize> __p::Actor
    for Store<T, N>
    where
        [T; N]: RemoteArg,
    {
        type Api<__T: __p::Target<Actor = Self>> = __requests_of_Store_new::StoreApi<
            __T,
        >;
        type Name = __p::NameByParameters;
        const NAME: &'static str = "acme.Store";
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E)
        where
            for<'__a> Self: __p::Send,
        {
            (&__p::Exported::<Self, __Block>::OF).show(__exporter);
        }
    }
    #[automatically_derived]
    impl<T: RemoteArg + Clone + Sync + 'static, const N: usize> __p::Exports<__Block>
    for Store<T, N>
    where
        for<'__a> Store<T, N>: __p::Send,
        [T; N]: RemoteArg,
    {
        fn all<__E: __p::Exporter<Self>>(__exporter: &mut __E) {
            __exporter.remote::<StorePut<T, N>>();
            __exporter.remote::<StoreFirst<T, N>>();
            __exporter.remote::<StoreLen>();
            __exporter.remote::<StoreOther<T, N>>();
            __exporter.remote::<StoreWatch<T, N>>();
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + Clone + Sync + 'static + __p::Named, const N: usize> __p::Named
    for Store<T, N>
    where
        [T; N]: RemoteArg,
    {
        const TYPE_ID: u64 = __p::name_mix(
            __p::name_mix(__p::name_hash("acme.Store"), <T as __p::Named>::TYPE_ID),
            N as u64,
        );
        fn type_name() -> __p::String {
            ::std::format!(
                "{}<{}>", "acme.Store", [< T as __p::Named > ::type_name(),
                ::std::format!("{}", N)].join(", ")
            )
        }
    }
};
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<
        T: RemoteArg + Clone + Sync + 'static + __p::Named,
        const N: usize,
    > __p::RemoteSpawn for Store<T, N>
    where
        [T; N]: RemoteArg,
    {
        type Params = ();
        fn encode_params(
            __params: &(),
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            __p::Result::Ok(())
        }
        fn decode_params(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<(), __p::DecodeError> {
            __p::Result::Ok(())
        }
        fn params_schema() -> __p::Vec<(&'static str, __p::String)> {
            __p::Vec::from([])
        }
        fn create(
            __params: (),
            __env: &__p::SpawnEnv,
        ) -> impl __p::Future<Output = __p::Result<Self, __p::String>> + __p::Send {
            async move { __p::IntoActor::into_actor(Self::new()) }
        }
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
impl<
    T: RemoteArg + Clone + Sync + 'static + ::mesh::__private::Named,
    const N: usize,
> Store<T, N>
where
    [T; N]: RemoteArg,
{
    /// What a spawn ships to construct a [`Store`] anywhere: the arguments of `Store::new`.
    pub fn spec() -> ::mesh::__private::Spec<Self> {
        ::mesh::__private::Spec::new(())
    }
}
