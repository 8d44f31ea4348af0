#[derive(Named)]
#[named(name = "acme.Celsius")]
pub struct Celsius(f64);
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __p::Named for Celsius {
        const TYPE_ID: u64 = __p::name_hash("acme.Celsius");
        fn type_name() -> __p::String {
            __p::text("acme.Celsius")
        }
    }
};
#[derive(Named)]
pub struct Pair<T, const N: usize> {
    values: [T; N],
}
#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    use ::mesh::__private as __p;
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl<T: 'static + __p::Named, const N: usize> __p::Named for Pair<T, N> {
        const TYPE_ID: u64 = __p::name_mix(
            __p::name_mix(
                __p::name_hash(::core::concat!(::core::module_path!(), "::", "Pair")),
                <T as __p::Named>::TYPE_ID,
            ),
            N as u64,
        );
        fn type_name() -> __p::String {
            ::std::format!(
                "{}<{}>", ::core::concat!(::core::module_path!(), "::", "Pair"), [< T as
                __p::Named > ::type_name(), ::std::format!("{}", N)].join(", ")
            )
        }
    }
};
