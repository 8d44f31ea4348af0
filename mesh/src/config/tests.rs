use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::keys::ENTRIES;
use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Loads from these variables; the only file there is holds `file`.
fn load(vars: &[(&str, &str)], file: &str) -> Result<Config, ConfigError> {
    let vars = vars.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Config::load_from(vars, &|path: &Path| {
        if path == Path::new("mesh.conf") { Ok(file.to_owned()) } else { Err(io::ErrorKind::NotFound.into()) }
    })
}

fn load_file(file: &str) -> Result<Config, ConfigError> {
    load(&[("MESH_CONFIG", "mesh.conf")], file)
}

#[track_caller]
fn check_error(result: Result<Config, ConfigError>, want: &str) {
    assert_eq!(result.expect_err(want).to_string(), want);
}

#[track_caller]
fn check_timeout(config: &Config, seconds: u32, layer: Layer) {
    assert_eq!((config.get(CALL_TIMEOUT), config.layer(CALL_TIMEOUT)), (SECOND * seconds, layer));
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn each_layer_wins_over_the_ones_below() {
    let mut config = Config::default();
    check_timeout(&config, 60, Layer::Default);
    config = config.inherit([pair("call_timeout", "1s")]).unwrap();
    check_timeout(&config, 1, Layer::Inherited);

    let mut config = load_file("call_timeout = 2s").unwrap().inherit([pair("call_timeout", "1s")]).unwrap();
    check_timeout(&config, 2, Layer::File);
    config = config.with(CALL_TIMEOUT, SECOND * 3);
    check_timeout(&config, 3, Layer::Runtime);

    let vars = [("MESH_CONFIG", "mesh.conf"), ("MESH_CALL_TIMEOUT", "4s")];
    let mut config = load(&vars, "call_timeout = 2s").unwrap().with(CALL_TIMEOUT, SECOND * 3);
    check_timeout(&config, 4, Layer::Environment);
    config = config.with_test(CALL_TIMEOUT, SECOND * 5).with(CALL_TIMEOUT, SECOND * 3);
    check_timeout(&config, 5, Layer::Test);
    config = config.inherit([pair("call_timeout", "1s")]).unwrap();
    check_timeout(&config, 5, Layer::Test);
}

#[test]
fn the_environment_wins_over_a_file_whichever_is_named_first() {
    // `MESH_CALL_TIMEOUT` sorts before `MESH_CONFIG`, `MESH_PORTS_MAX` after it.
    let vars = [("MESH_CALL_TIMEOUT", "4s"), ("MESH_CONFIG", "mesh.conf"), ("MESH_PORTS_MAX", "7")];
    let config = load(&vars, "call_timeout = 2s\nports_max = 3").unwrap();
    assert_eq!((config.get(CALL_TIMEOUT), config.get(PORTS_MAX)), (SECOND * 4, 7));
}

#[test]
fn the_last_word_of_one_layer_counts() {
    let config = Config::default().with(CALL_TIMEOUT, SECOND).with(CALL_TIMEOUT, SECOND * 2);
    check_timeout(&config, 2, Layer::Runtime);
}

#[test]
fn a_clone_is_a_value_of_its_own() {
    let config = Config::default();
    let changed = config.clone().with(SEED, Some(3));
    assert_eq!((config.get(SEED), changed.get(SEED)), (None, Some(3)));
}

#[test]
fn a_file_may_have_comments_and_empty_lines() {
    let config = load_file("# a comment\n\n  ports_max = 1_000 # another\nlog_console=false\n").unwrap();
    assert_eq!((config.get(PORTS_MAX), config.get(LOG_CONSOLE)), (1000, false));
}

#[test]
fn other_variables_and_marks_are_not_settings() {
    let vars = [("PATH", "/bin"), ("MESHY", "x"), ("MESH_MARK_CHILD", "1")];
    assert!(load(&vars, "").is_ok());
}

#[test]
fn an_unknown_key_is_named_with_the_one_meant() {
    check_error(
        load(&[("MESH_CALL_TIMOUT", "5s")], ""),
        "`MESH_CALL_TIMOUT` in the environment is not a setting: did you mean `MESH_CALL_TIMEOUT`?",
    );
    check_error(
        load_file("seed = 1\nmailbox_size = 5"),
        "`mailbox_size` in mesh.conf:2 is not a setting: did you mean `mailbox_capacity`?",
    );
    check_error(
        Config::default().inherit([pair("calltimeout", "5s")]),
        "`calltimeout` in what the parent process sent is not a setting: did you mean `call_timeout`?",
    );
    let error = load_file("colour = blue").unwrap_err().to_string();
    assert!(error.contains("the settings are call_timeout, mailbox_capacity,"), "{error}");
}

#[test]
fn a_bad_value_is_named_with_what_would_be_right() {
    check_error(
        load(&[("MESH_CALL_TIMEOUT", "5 parsecs")], ""),
        "`MESH_CALL_TIMEOUT` in the environment cannot be `5 parsecs`: \
         write a duration such as `5s`, `250ms` or `1m`, up to a year",
    );
    check_error(
        load_file("log_console = yes"),
        "`log_console` in mesh.conf:1 cannot be `yes`: write `true` or `false`",
    );
    check_error(
        load_file("mailbox_capacity = 0"),
        "`mailbox_capacity` in mesh.conf:1 cannot be `0`: write a whole number such as `1024`, at least 1",
    );
    check_error(
        Config::default().inherit([pair("ports_max", "many")]),
        "`ports_max` in what the parent process sent cannot be `many`: write a whole number such as `1024`",
    );
    check_error(
        load_file("seed = -1"),
        "`seed` in mesh.conf:1 cannot be `-1`: write a whole number such as `42`, or `none`",
    );
}

#[test]
fn a_file_with_a_mistake_is_named_with_its_line() {
    check_error(load_file("\nseed 3"), "`seed 3` in mesh.conf:2 is not a setting: write `key = value`");
    check_error(
        load_file("seed = 3\nseed = 4"),
        "`seed` in mesh.conf:2 was set before in this file: keep one of the two",
    );
    check_error(
        load(&[("MESH_CONFIG", "absent.conf")], ""),
        "the configuration file absent.conf that MESH_CONFIG names cannot be read",
    );
}

#[test]
fn a_value_set_by_the_program_is_brought_into_range() {
    let config = Config::default().with(MAILBOX_CAPACITY, 0).with(CALL_TIMEOUT, Duration::MAX);
    assert_eq!(config.get(MAILBOX_CAPACITY), 1);
    assert_eq!(config.get(CALL_TIMEOUT), SECOND * 365 * 24 * 3600);
}

#[test]
fn children_inherit_what_was_set_and_only_what_they_may() {
    let parent =
        Config::default().with(CALL_TIMEOUT, SECOND).with(SEED, Some(1)).with_test(LOG_CONSOLE, false);
    assert_eq!(parent.inheritable(), [pair("call_timeout", "1s"), pair("log_console", "false")]);
    let child = Config::default().inherit(parent.inheritable()).unwrap();
    check_timeout(&child, 1, Layer::Inherited);
    assert_eq!((child.get(LOG_CONSOLE), child.get(SEED)), (false, None));
    assert_eq!(child.inheritable(), parent.inheritable());
}

#[test]
fn what_is_printed_is_a_file_that_says_the_same() {
    let config = Config::default().with(SEED, Some(9)).with_test(CALL_TIMEOUT, Duration::from_millis(1500));
    let text = config.to_string();
    assert!(
        text.starts_with("call_timeout = 1500ms  # test\nmailbox_capacity = 1024  # default\n"),
        "{text}"
    );
    for text in [text, config.dump()] {
        let again = load_file(&text).unwrap();
        assert_eq!(again.get(SEED), Some(9));
        assert_eq!(again.get(CALL_TIMEOUT), Duration::from_millis(1500));
    }
    assert_eq!(format!("{config:?}"), "{\"call_timeout\": 1500ms, \"seed\": 9, ..}");
}

#[test]
fn the_table_of_keys_is_consistent() {
    let names: BTreeSet<_> = ENTRIES.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), ENTRIES.len());
    for entry in ENTRIES {
        assert_eq!(entry.env, format!("MESH_{}", entry.name.to_uppercase()));
        assert_ne!(entry.env, CONFIG_FILE);
        assert!(!entry.env.starts_with(MARK_PREFIX) && !entry.doc.is_empty());
    }
}

#[test]
fn settings_of_every_type_print_as_they_are_read() {
    #[track_caller]
    fn check<T: Setting + std::fmt::Debug>(text: &str, want: Option<T>) {
        assert_eq!(T::parse(text), want, "{text}");
        if let Some(value) = want {
            assert_eq!(T::parse(&value.print()), Some(value));
        }
    }
    check("5s", Some(SECOND * 5));
    check("250ms", Some(SECOND / 4));
    check("3us", Some(Duration::from_micros(3)));
    check("7ns", Some(Duration::from_nanos(7)));
    check("2m", Some(SECOND * 120));
    check("1h", Some(SECOND * 3600));
    check("0s", Some(Duration::ZERO));
    for bad in ["", "5", "s", "-5s", "5S", "1.5s", "99999999999999999999s", "18446744073709551615h", "５s"] {
        check::<Duration>(bad, None);
    }
    check("1", Some(true));
    check("false", Some(false));
    check::<bool>("TRUE", None);
    check("1_024", Some(1024_usize));
    check::<u32>("4294967296", None);
    check("none", Some(None::<u64>));
    check("3", Some(Some(3_u64)));
    check::<Arc<str>>("a text", Some("a text".into()));
}

const SHARED: &str = "correct horse battery";

#[test]
fn a_secret_is_inherited_and_never_shown() {
    let config = load(&[("MESH_SECRET", SHARED)], "").unwrap();
    assert_eq!(config.get(SECRET).bytes(), Some(SHARED.as_bytes()));
    for shown in [config.to_string(), config.dump(), format!("{config:?} {:?}", config.get(SECRET))] {
        assert!(!shown.contains(SHARED) && shown.contains("(hidden)"), "{shown}");
    }
    assert_eq!(config.inheritable(), [pair("secret", SHARED)]);
    let child = Config::default().inherit(config.inheritable()).unwrap();
    assert_eq!(child.get(SECRET), config.get(SECRET));
}

#[test]
fn a_bad_secret_is_an_error_that_does_not_show_it() {
    let long = "x".repeat(SECRET_LEN_MAX + 1);
    for bad in ["too short", "(hidden)", &long] {
        let error = load(&[("MESH_SECRET", bad)], "").unwrap_err().to_string();
        assert!(
            error.starts_with("`MESH_SECRET` in the environment cannot be `(hidden)`: write a text of"),
            "{error}"
        );
    }
    check_error(
        load_file("secret abcdefghijklmnopq"),
        "`(hidden)` in mesh.conf:1 is not a setting: write `key = value`",
    );
    // What is printed is not taken for a secret.
    let printed = load(&[("MESH_SECRET", SHARED)], "").unwrap().to_string();
    load_file(&printed).unwrap_err();
    assert!(!load(&[("MESH_SECRET", "none")], "").unwrap().get(SECRET).is_set());
}

#[test]
fn a_secret_may_be_in_a_file_of_its_own() {
    // The only file there is stands for both.
    let from_file = load(&[("MESH_SECRET_FILE", "mesh.conf")], "  correct horse battery\n").unwrap();
    assert_eq!(from_file.get(SECRET).bytes(), Some(SHARED.as_bytes()));
    assert_eq!(from_file.layer(SECRET), Layer::Environment);
    let both = [("MESH_SECRET_FILE", "mesh.conf"), ("MESH_SECRET", "the one in the environment")];
    assert_eq!(load(&both, SHARED).unwrap().get(SECRET).bytes(), Some(&b"the one in the environment"[..]));
    check_error(
        load(&[("MESH_SECRET_FILE", "absent")], ""),
        "the file absent that `secret_file` names cannot be read",
    );
    let error = load(&[("MESH_SECRET_FILE", "mesh.conf")], "abc").unwrap_err().to_string();
    assert!(error.contains("mesh.conf") && !error.contains("abc"), "{error}");
}
