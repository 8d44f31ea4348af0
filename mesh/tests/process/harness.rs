//! A test runner with the arguments and the output of the standard one. Tests run one at a time, each on a runtime of
//! its own, under a hang guard.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

/// One test: its name, and what it does.
pub(crate) type Test = (&'static str, fn() -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// A table of tests from `async fn`s.
#[macro_export]
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub(crate) const TESTS: &[$crate::harness::Test] =
            &[$((concat!(module_path!(), "::", stringify!($name)), || Box::pin($name()))),*];
    };
}

/// How long one test may take; the slowest takes a tenth of it.
const HANG_GUARD: Duration = Duration::from_secs(60);

/// The same for the long forms.
const LONG_HANG_GUARD: Duration = Duration::from_secs(2 * 60 * 60);

/// What asks for the long forms. It is no setting of mesh's, so no program of mesh's may have it in its environment.
const LONG: &str = "MESH_LONG";

/// What says so to this program.
const IS_LONG: &str = "MESH_MARK_TEST_LONG";

/// Whether the long forms are to run, those that figures come from.
pub(crate) fn is_long() -> bool {
    std::env::var_os(IS_LONG).is_some()
}

/// Runs this program anew where the long forms are asked for, without what asks for them.
pub(crate) fn take_long() {
    use std::os::unix::process::CommandExt;
    let Some(value) = std::env::var_os(LONG) else { return };
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(std::env::args_os().skip(1)).env_remove(LONG);
    if value == "1" {
        again.env(IS_LONG, "1");
    }
    panic!("this program cannot be run anew: {}", again.exec());
}

/// Options of the standard harness that take a value.
const WITH_VALUE: [&str; 7] =
    ["--test-threads", "--format", "--color", "--logfile", "--shuffle-seed", "-Z", "--report-time"];

#[derive(Default)]
struct Options {
    filters: Vec<String>,
    skip: Vec<String>,
    exact: bool,
    list: bool,
    only_ignored: bool,
}

impl Options {
    fn parse(args: &[String]) -> Options {
        let mut options = Options::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--exact" => options.exact = true,
                "--list" => options.list = true,
                "--ignored" => options.only_ignored = true,
                "--skip" => options.skip.extend(args.next().cloned()),
                option if WITH_VALUE.contains(&option) => _ = args.next(),
                option if option.starts_with('-') => {}
                filter => options.filters.push(filter.to_owned()),
            }
        }
        options
    }

    fn takes(&self, name: &str) -> bool {
        let fits = |filter: &String| if self.exact { name == filter } else { name.contains(filter.as_str()) };
        !self.only_ignored
            && (self.filters.is_empty() || self.filters.iter().any(fits))
            && !self.skip.iter().any(fits)
    }
}

/// Runs what the arguments choose, and says whether all passed.
pub(crate) fn run(args: &[String], tables: &[&[Test]]) -> ExitCode {
    let options = Options::parse(args);
    let all: Vec<(String, Test)> = tables
        .iter()
        .flat_map(|table| table.iter())
        // The name of the test binary is no part of a test's name.
        .map(|test| (test.0.split_once("::").map_or(test.0, |(_, name)| name).to_owned(), *test))
        .collect();
    let chosen: Vec<&(String, Test)> = all.iter().filter(|(name, _)| options.takes(name)).collect();
    if options.list {
        for (name, _) in &chosen {
            println!("{name}: test");
        }
        println!("\n{} tests, 0 benchmarks", chosen.len());
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} test{}", chosen.len(), if chosen.len() == 1 { "" } else { "s" });
    let start = tokio::time::Instant::now();
    let failed: Vec<&str> = chosen
        .iter()
        .filter_map(|(name, (_, test))| {
            let passed = run_one(*test);
            println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
            (!passed).then_some(name.as_str())
        })
        .collect();
    if !failed.is_empty() {
        println!("\nfailures:\n    {}", failed.join("\n    "));
    }
    println!(
        "\ntest result: {}. {} passed; {} failed; 0 ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
        if failed.is_empty() { "ok" } else { "FAILED" },
        chosen.len() - failed.len(),
        failed.len(),
        all.len() - chosen.len(),
        start.elapsed().as_secs_f64(),
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(101) }
}

fn run_one(test: fn() -> Pin<Box<dyn Future<Output = ()> + Send>>) -> bool {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let guard = if is_long() { LONG_HANG_GUARD } else { HANG_GUARD };
        runtime.block_on(async { tokio::time::timeout(guard, test()).await.expect("the test hangs") });
    }));
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome.is_ok()
}
