pub struct Log;

#[actor]
impl Log {
    /// Streams the lines from `from` on.
    #[handler]
    pub async fn tail(&mut self, from: u64, #[stream] out: PortRef<Line>, level: u8) {
        self.tails.push((from, out, level));
    }

    #[handler(local)]
    fn watch(&mut self, #[stream] out: PortRef<Self>) {
        self.watchers.push(out);
    }
}
