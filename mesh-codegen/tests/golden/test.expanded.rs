#[::core::prelude::v1::test]
#[ignore]
fn counts() {
    async fn __mesh_test(_: &Client) {
        assert!(true);
    }
    ::mesh::__private::run_test(async |__cx| ::mesh::__private::MainOutput::into_report(
        __mesh_test(__cx).await,
    ))
}
#[::core::prelude::v1::test]
#[should_panic]
fn dies() {
    async fn __mesh_test(cx: &mesh::Client) -> mesh::Result<()> {
        die(cx).await
    }
    ::mesh::__private::run_process_test(
        ::core::concat!(::core::module_path!(), "::", "dies"),
        async |__cx| ::mesh::__private::MainOutput::into_report(__mesh_test(__cx).await),
    )
}
