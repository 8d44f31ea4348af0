/// Counts.
fn main() -> ::std::process::ExitCode {
    async fn __mesh_main(cx: &Client) -> mesh::Result<()> {
        run(cx).await
    }
    ::mesh::__private::run_main(
        ::mesh::__private::MainOptions {
            worker_threads: ::mesh::__private::Option::Some(4),
        },
        async |__cx| ::mesh::__private::MainOutput::into_report(__mesh_main(__cx).await),
    )
}
