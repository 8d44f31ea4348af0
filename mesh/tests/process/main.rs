//! Tests with real child processes, one at a time, each under a hang guard.
//!
//! This binary is all the programs the tests need: started as `… role <name> …` it plays that role; started with the
//! bootstrap marker it is a child, a proc or host of mesh's, or, where its environment says so, one that does what the
//! payload of its orders says; otherwise it runs the tests, with the arguments and the output of the standard harness.
#![expect(clippy::print_stdout, reason = "this is the harness: its output is its interface")]
#![expect(clippy::unwrap_used, reason = "a test may fail by panic")]

mod actors;
mod bootstrap;
mod bring_up;
mod cgroups;
mod ending;
mod failure;
mod figures;
mod harness;
mod hosts;
mod kills;
mod leases;
mod logs;
mod orphans;
mod ports;
mod proc_fs;
mod program;
mod programs;
mod respawn;
mod roles;
mod secrets;
mod signals;
mod silence;
mod stuck;
mod surroundings;
mod world;

fn main() -> std::process::ExitCode {
    harness::take_long();
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, role, rest @ ..] = &args[..]
        && word == "role"
    {
        return roles::play(role, rest);
    }
    if roles::obeys_payload()
        && let Some((orders, lifeline)) = mesh::bootstrap::take_orders().expect("the orders are readable")
    {
        return roles::child(&orders, &lifeline);
    }
    mesh::init();
    harness::run(
        &args,
        &[
            bootstrap::TESTS,
            surroundings::TESTS,
            failure::TESTS,
            ports::TESTS,
            bring_up::TESTS,
            orphans::TESTS,
            cgroups::TESTS,
            hosts::TESTS,
            leases::TESTS,
            secrets::TESTS,
            respawn::TESTS,
            kills::TESTS,
            ending::TESTS,
            logs::TESTS,
            silence::TESTS,
            stuck::TESTS,
            signals::TESTS,
            figures::TESTS,
        ],
    )
}
