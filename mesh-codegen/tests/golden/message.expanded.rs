/// Asks how it goes.
#[derive(Message)]
#[message(reply = Health)]
pub struct GetHealth {
    pub verbose: bool,
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Message for GetHealth {
        type Reply = Health;
        const NAME: &'static str = "GetHealth";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            doc: "Asks how it goes.",
            args: &[
                __p::ArgDescriptor {
                    name: "verbose",
                    ty: "bool",
                },
            ],
            reply: "Health",
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("GetHealth")
        };
    }
    use __p::{NoCodec as _, RealCodec as _};
    fn check() {
        let _ = <GetHealth as __p::RemoteArgument>::FITS;
        let _ = <Health as __p::ReplyValue>::FITS;
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteMessage for GetHealth {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            (&__p::Wire::<GetHealth>(__p::PhantomData)).put(self, __out)
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            (&__p::Wire::<GetHealth>(__p::PhantomData)).get(__input)
        }
        fn encode_reply(
            __reply: &Self::Reply,
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            (&__p::Wire::<Health>(__p::PhantomData)).put(__reply, __out)
        }
        fn decode_reply(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self::Reply, __p::DecodeError> {
            (&__p::Wire::<Health>(__p::PhantomData)).get(__input)
        }
        fn schema() -> __p::HandlerSchema {
            __p::HandlerSchema {
                args: __p::Vec::from([
                    ("message", (&__p::Wire::<GetHealth>(__p::PhantomData)).schema()),
                ]),
                reply: (&__p::Wire::<Health>(__p::PhantomData)).schema(),
            }
        }
    }
};
#[derive(Message)]
#[message(name = "acme.Page", crate = facade)]
pub enum Page<T: RemoteArg> {
    First(T),
    Next(T),
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use facade::__private as __p;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + 'static + __p::Named> __p::Message for Page<T> {
        type Reply = ();
        const NAME: &'static str = "acme.Page";
        const ID: u64 = __p::name_mix(
            __p::name_hash(Self::NAME),
            <T as __p::Named>::TYPE_ID,
        );
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            reply: "()",
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("acme.Page")
        };
    }
    use __p::{NoCodec as _, RealCodec as _};
    fn check<T: RemoteArg + 'static + __p::Named>() {
        {
            fn fits<__T: __p::RemoteArg>() {}
            let _ = fits::<Page<T>>;
        }
        {
            fn fits<__T: __p::RemoteReply>() {}
            let _ = fits::<()>;
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + 'static + __p::Named> __p::RemoteMessage for Page<T> {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            (&__p::Wire::<Page<T>>(__p::PhantomData)).put(self, __out)
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            (&__p::Wire::<Page<T>>(__p::PhantomData)).get(__input)
        }
        fn encode_reply(
            __reply: &Self::Reply,
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            (&__p::Wire::<()>(__p::PhantomData)).put(__reply, __out)
        }
        fn decode_reply(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self::Reply, __p::DecodeError> {
            (&__p::Wire::<()>(__p::PhantomData)).get(__input)
        }
        fn schema() -> __p::HandlerSchema {
            __p::HandlerSchema {
                args: __p::Vec::from([
                    ("message", (&__p::Wire::<Page<T>>(__p::PhantomData)).schema()),
                ]),
                reply: (&__p::Wire::<()>(__p::PhantomData)).schema(),
            }
        }
    }
};
