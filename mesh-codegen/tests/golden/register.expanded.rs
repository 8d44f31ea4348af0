::mesh::__private::inventory::submit! {
    ::mesh::__private::Registration::of(|| { <Store < u64 > as
    ::mesh::__private::Registered >::entry(::core::concat!(::core::file!(), ":",
    ::core::line!())) })
}
::mesh::__private::inventory::submit! {
    ::mesh::__private::Registration::of(|| { <Store < String > as
    ::mesh::__private::Registered >::entry(::core::concat!(::core::file!(), ":",
    ::core::line!())) })
}
