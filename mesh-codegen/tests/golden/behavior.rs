behavior! {
    /// Whatever can tell its health.
    pub Watched: GetHealth, Ping
}
