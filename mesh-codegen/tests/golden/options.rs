pub struct Mapper;

#[actor(restart(max = 5, within = "1m"))]
impl Mapper {
    #[handler(name = "count", timeout = "250ms", reduce = Merge<Sum>, message = Count)]
    pub fn count_words(&self, min_len: u32, r#type: [u8; Self::WIDTH]) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }

    #[handler(timeout = "2m")]
    pub fn r#match(&self, mut unit: ()) {}
}
