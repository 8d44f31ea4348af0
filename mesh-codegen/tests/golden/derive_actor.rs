#[derive(Actor, RemoteSpawn)]
#[actor(handles(GetHealth, Ping), name = "acme.Probe", mailbox(capacity = 8))]
pub struct Probe {
    host: String,
}
