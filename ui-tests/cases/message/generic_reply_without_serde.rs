//! A parameter that is a reply travels.

#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]
#[message(reply = T)]
pub struct Latest<T> {
    of: std::marker::PhantomData<T>,
}

fn main() {}
