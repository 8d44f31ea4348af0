pub struct Shard;

#[actor]
impl Shard {
    #[new]
    pub async fn open(env: &SpawnEnv, path: String) -> Result<Self, OpenError> {
        Shard::load(path, env.rank()).await
    }

    #[handler]
    pub async fn put(&mut self, key: String, value: Vec<u8>) -> Result<Option<Vec<u8>>, KvError> {
        self.map.put(key, value)
    }

    #[handler]
    pub fn check(&self) -> mesh::Result<()> {
        Ok(())
    }
}
