//! A parameter of a message is in it.

#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]
#[message(reply = u64)]
pub struct Latest<T> {
    pub of: T,
}

fn main() {}
