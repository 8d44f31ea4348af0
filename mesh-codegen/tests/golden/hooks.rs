pub struct Pool;

#[actor]
impl Pool {
    #[on_start]
    async fn start(&mut self, cx: &Context<Self>) -> Result<(), StartError> {
        self.fill(cx).await
    }

    #[on_stop]
    fn bye(&mut self) {}

    #[on_failure]
    async fn worker_died(&mut self, failure: Failure, _cx: &Context<Self>) -> Directive {
        self.restarts += 1;
        Directive::Restart
    }

    #[on_event]
    fn worker_lives_on(&mut self, event: SupervisionEvent) {
        self.seen.push(event);
    }
}
