/// Asks how it goes.
#[derive(Message)]
#[message(reply = Health)]
pub struct GetHealth {
    pub verbose: bool,
}

#[derive(Message)]
#[message(name = "acme.Page", crate = facade)]
pub enum Page<T: RemoteArg> {
    First(T),
    Next(T),
}
