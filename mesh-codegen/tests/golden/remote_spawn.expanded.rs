#[derive(RemoteSpawn)]
pub(crate) struct Cell<T: RemoteArg> {
    value: T,
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    use __p::{NoCodec as _, RealCodec as _};
    fn check<T: RemoteArg + 'static + __p::Named>() {
        let _ = <Cell<T> as __p::NamedActor>::FITS;
        {
            fn fits<__T: __p::RemoteArg>() {}
            let _ = fits::<Cell<T>>;
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + 'static + __p::Named> __p::RemoteSpawn for Cell<T>
    where
        for<'__a> Cell<T>: __p::Actor,
        for<'__a> Cell<T>: __p::Named,
    {
        type Params = Self;
        fn encode_params(
            __params: &Self::Params,
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            (&__p::Wire::<Cell<T>>(__p::PhantomData)).put(__params, __out)
        }
        fn decode_params(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self::Params, __p::DecodeError> {
            (&__p::Wire::<Cell<T>>(__p::PhantomData)).get(__input)
        }
        fn params_schema() -> __p::Vec<(&'static str, __p::String)> {
            __p::Vec::from([
                ("self", (&__p::Wire::<Cell<T>>(__p::PhantomData)).schema()),
            ])
        }
        async fn create(
            __params: Self::Params,
            _: &__p::SpawnEnv,
        ) -> __p::Result<Self, __p::String> {
            __p::Result::Ok(__params)
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: RemoteArg + 'static + __p::Named> __p::IntoSpec for Cell<T>
    where
        for<'__a> Cell<T>: __p::RemoteSpawn<Params = Cell<T>>,
    {
        type Actor = Self;
        fn into_spec(self) -> __p::Spec<Self> {
            __p::Spec::new(self)
        }
    }
};
