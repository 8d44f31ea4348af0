pub struct Store<T, const N: usize> {
    map: BTreeMap<String, [T; N]>,
}

#[actor(name = "acme.Store")]
impl<T: RemoteArg + Clone + Sync, const N: usize> Store<T, N>
where
    [T; N]: RemoteArg,
{
    #[new]
    pub fn new() -> Self {
        Store { map: BTreeMap::new() }
    }

    #[handler]
    pub fn put(&mut self, key: String, value: [T; N]) {
        self.map.insert(key, value);
    }

    #[handler]
    pub async fn first(&self, key: String) -> Option<T> {
        self.map.get(&key).map(|values| values[0].clone())
    }

    #[handler]
    pub fn len(&self) -> u64 {
        self.map.len() as u64
    }

    #[handler]
    pub fn other(&mut self, other: ActorRef<Self>) {
        self.other = other;
    }

    #[handler]
    pub fn watch(&mut self, #[stream] out: PortRef<T>) {
        self.out = out;
    }
}
