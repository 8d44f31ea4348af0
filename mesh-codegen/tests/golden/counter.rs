pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    fn new(start: i64) -> Self {
        Counter { n: start }
    }

    /// Adds `by` and returns the new value.
    ///
    /// Wraps around.
    #[handler]
    pub async fn add(
        &mut self,
        /// How much.
        by: i64,
    ) -> i64 {
        self.n += by;
        self.n
    }

    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }

    #[handler]
    async fn add_rank(&mut self, times: u32, cx: &Context<Self>) {
        self.n += i64::from(times) * cx.rank();
    }

    fn helper(&self) -> i64 {
        self.n
    }
}
