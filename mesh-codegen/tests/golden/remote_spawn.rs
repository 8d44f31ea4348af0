#[derive(RemoteSpawn)]
pub(crate) struct Cell<T: RemoteArg> {
    value: T,
}
