pub struct Device;
impl Device {
    #[cfg(feature = "gpu")]
    fn new(id: u32) -> Self {
        Device::gpu(id)
    }
    #[cfg(not(feature = "gpu"))]
    fn new(id: u32) -> Self {
        Device::cpu(id)
    }
    /// The temperature in degrees.
    #[cfg(feature = "gpu")]
    #[deprecated = "use `heat`"]
    pub fn temperature(&self) -> f64 {
        self.sensor.read()
    }
    #[cfg(target_os = "linux")]
    fn start(&mut self) {}
}
#[cfg(feature = "gpu")]
/// Message of [`Device::temperature`].
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
pub struct DeviceTemperature {}
#[cfg(feature = "gpu")]
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Message for DeviceTemperature {
        type Reply = f64;
        const NAME: &'static str = "temperature";
        const DESCRIPTOR: __p::HandlerDescriptor = __p::HandlerDescriptor {
            doc: "The temperature in degrees.",
            reply: "f64",
            schema: __p::Option::Some(<Self as __p::RemoteMessage>::schema),
            ..__p::HandlerDescriptor::new("temperature")
        };
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteMessage for DeviceTemperature {
        fn encode(&self, __out: &mut __p::Encoder) -> __p::Result<(), __p::EncodeError> {
            __p::Result::Ok(())
        }
        fn decode(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<Self, __p::DecodeError> {
            __p::Result::Ok(DeviceTemperature {})
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
                reply: __p::schema_of::<f64>(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Handler<DeviceTemperature> for Device
    where
        for<'__a> Device: __p::Send,
    {
        const PLAIN: bool = true;
        fn handle(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: DeviceTemperature,
        ) -> impl __p::Future<Output = f64> + __p::Send {
            __p::handle_plain(self, __cx, __message)
        }
        fn handle_plain(
            &mut self,
            __cx: &__p::Context<Self>,
            __message: DeviceTemperature,
        ) -> f64 {
            Self::temperature(self)
        }
    }
};
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(missing_docs, unreachable_pub, non_camel_case_types, non_snake_case)]
mod __requests_of_Device_new {
    /// Requests to [`Device`](super::Device): reached from every `ActorHandle<Device>`, `ActorRef<Device>` and `ActorMesh<Device>`.
    pub struct DeviceApi<__T>(pub(super) __T);
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(unreachable_pub, ambiguous_glob_reexports)]
pub use __requests_of_Device_new::*;
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl<
    __T: ::mesh::__private::Target<Actor = Device>,
> __requests_of_Device_new::DeviceApi<__T> {
    #[cfg(feature = "gpu")]
    /// The temperature in degrees.
    #[deprecated = "use `heat`"]
    #[inline]
    pub fn temperature(&self) -> ::mesh::__private::Request<'_, __T, DeviceTemperature> {
        ::mesh::__private::Request::new(
            ::mesh::__private::Api::target(self),
            DeviceTemperature {},
        )
    }
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    impl<__T> __p::Api<__T> for __requests_of_Device_new::DeviceApi<__T> {
        #[inline]
        fn new(__target: __T) -> Self {
            __requests_of_Device_new::DeviceApi(__target)
        }
        #[inline]
        fn target(&self) -> &__T {
            &self.0
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Actor for Device {
        type Api<__T: __p::Target<Actor = Self>> = __requests_of_Device_new::DeviceApi<
            __T,
        >;
        type Name = __p::OwnName;
        const NAME: &'static str = ::core::concat!(
            ::core::module_path!(), "::", "Device"
        );
        fn exports<__E: __p::Exporter<Self>>(__exporter: &mut __E)
        where
            for<'__a> Self: __p::Send,
        {
            #[cfg(feature = "gpu")] __exporter.remote::<DeviceTemperature>();
        }
        #[cfg(target_os = "linux")]
        fn on_start(
            &mut self,
            __cx: &__p::Context<Self>,
        ) -> impl __p::Future<Output = __p::Result<(), __p::Fatal>> + __p::Send {
            async move { __p::HookResult::into_hook_result(Self::start(self)) }
        }
    }
};
#[cfg(feature = "gpu")]
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteSpawn for Device {
        type Params = (u32,);
        fn encode_params(
            __params: &(u32,),
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            __out.put(&__params.0)?;
            __p::Result::Ok(())
        }
        fn decode_params(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<(u32,), __p::DecodeError> {
            __p::Result::Ok((__input.get()?,))
        }
        fn params_schema() -> __p::Vec<(&'static str, __p::String)> {
            __p::Vec::from([("id", __p::schema_of::<u32>())])
        }
        fn create(
            __params: (u32,),
            __env: &__p::SpawnEnv,
        ) -> impl __p::Future<Output = __p::Result<Self, __p::String>> + __p::Send {
            async move { __p::IntoActor::into_actor(Self::new(__params.0)) }
        }
    }
    __p::inventory::submit! {
        __p::Registration::of(|| { use __p:: { EntryOfActor as _, EntryOfNothing as _ };
        (& __p::Constructed:: < Device > ::OF).entry:: < () >
        (::core::concat!(::core::file!(), ":", ::core::line!())) })
    }
};
#[cfg(feature = "gpu")]
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl Device {
    /// What a spawn ships to construct a [`Device`] anywhere: the arguments of `Device::new`.
    pub fn spec(id: u32) -> ::mesh::__private::Spec<Self> {
        ::mesh::__private::Spec::new((id,))
    }
}
#[cfg(not(feature = "gpu"))]
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::RemoteSpawn for Device {
        type Params = (u32,);
        fn encode_params(
            __params: &(u32,),
            __out: &mut __p::Encoder,
        ) -> __p::Result<(), __p::EncodeError> {
            __out.put(&__params.0)?;
            __p::Result::Ok(())
        }
        fn decode_params(
            __input: &mut __p::Decoder<'_>,
        ) -> __p::Result<(u32,), __p::DecodeError> {
            __p::Result::Ok((__input.get()?,))
        }
        fn params_schema() -> __p::Vec<(&'static str, __p::String)> {
            __p::Vec::from([("id", __p::schema_of::<u32>())])
        }
        fn create(
            __params: (u32,),
            __env: &__p::SpawnEnv,
        ) -> impl __p::Future<Output = __p::Result<Self, __p::String>> + __p::Send {
            async move { __p::IntoActor::into_actor(Self::new(__params.0)) }
        }
    }
    __p::inventory::submit! {
        __p::Registration::of(|| { use __p:: { EntryOfActor as _, EntryOfNothing as _ };
        (& __p::Constructed:: < Device > ::OF).entry:: < () >
        (::core::concat!(::core::file!(), ":", ::core::line!())) })
    }
};
#[cfg(not(feature = "gpu"))]
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
#[allow(
    missing_docs,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    non_camel_case_types
)]
impl Device {
    /// What a spawn ships to construct a [`Device`] anywhere: the arguments of `Device::new`.
    pub fn spec(id: u32) -> ::mesh::__private::Spec<Self> {
        ::mesh::__private::Spec::new((id,))
    }
}
