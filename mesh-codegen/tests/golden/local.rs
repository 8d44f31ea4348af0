pub struct Pool;

#[actor]
impl Pool {
    #[handler(local)]
    pub async fn visit(&mut self, with: Box<dyn Fn(&str) -> bool + Send>) -> Arc<State> {
        self.state.visit(with)
    }
}
