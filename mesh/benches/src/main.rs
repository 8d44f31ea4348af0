//! The benchmarks of mesh: see README.md beside this package.
//!
//! Without a workload as its first argument this program is the driver: it runs itself once for each measurement, peers
//! in turn within each round, and prints one table.

mod beside;
mod driver;
mod local;
mod measure;
mod meshes;
mod remote;
mod table;

fn main() {
    // First: in a child of the mesh rows it never returns.
    mesh::init();
    let mut args = std::env::args().skip(1).peekable();
    match args.peek().map(String::as_str) {
        Some("local") => local::main(&measure::Args::parse(args.skip(1))),
        Some("remote") => remote::main(&measure::Args::parse(args.skip(1))),
        Some("meshes") => meshes::main(&measure::Args::parse(args.skip(1))),
        Some("table") => table::from_stdin(),
        _ => driver::main(&measure::Args::options(args)),
    }
}
