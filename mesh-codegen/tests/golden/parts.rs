pub struct Host;

#[actor(parts(admin))]
impl Host {
    #[handler(local)]
    fn ping(&self) {}
}

mod admin {
    #[actor(part = admin)]
    impl super::Host {
        #[handler(local)]
        pub fn drain(&mut self) {}
    }
}
