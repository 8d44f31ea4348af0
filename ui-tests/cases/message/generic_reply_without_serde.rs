//! A parameter that is a reply travels.

#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]
#[message(reply = T)]
pub struct Latest<T: Send + 'static> {
    of: std::marker::PhantomData<fn() -> T>,
}

fn main() {}
