::mesh::__private::inventory::submit! {
    ::mesh::__private::SpawnEntry::of::<Store < u64 > > (::core::concat!(::core::file!(),
    ":", ::core::line!()))
}
::mesh::__private::inventory::submit! {
    ::mesh::__private::SpawnEntry::of::<Store < String > >
    (::core::concat!(::core::file!(), ":", ::core::line!()))
}
