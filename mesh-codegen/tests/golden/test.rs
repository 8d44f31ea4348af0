#[mesh::test]
#[ignore]
async fn counts(_: &Client) {
    assert!(true);
}

#[mesh::test(processes)]
#[should_panic]
async fn dies(cx: &mesh::Client) -> mesh::Result<()> {
    die(cx).await
}
