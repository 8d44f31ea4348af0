pub struct HostAgent;

#[actor(
    crate = crate::facade,
    handles(GetHealth, Ping),
    resource(Proc = self.procs, Volume = self.disks.volumes),
    mailbox(capacity = 64, full = "drop_oldest"),
)]
impl HostAgent {
    #[crate::facade::new]
    fn new() -> Self {
        HostAgent
    }
}

pub struct Bounded;

#[actor(mailbox(capacity = LIMIT))]
impl Bounded {}
