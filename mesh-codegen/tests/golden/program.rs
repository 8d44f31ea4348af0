/// Counts.
#[mesh::main(worker_threads = 4)]
async fn main(cx: &Client) -> mesh::Result<()> {
    run(cx).await
}
