//! The configuration at its door: every mistake is named by file, line and key; the effective
//! configuration reads back as the same; the environment wins; a start with a mistake stops.

use std::process::Command;

use tongguan::config::{Config, SETTINGS};

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tongguan.toml");
    std::fs::write(&file, text).expect("written");
    let environment = environment
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()));
    let prefix = format!("{}", file.display());
    Config::load(Some(&file), environment).map_err(|mistakes| {
        let shown = mistakes
            .iter()
            .map(|mistake| mistake.to_string().replace(&prefix, "F"));
        shown.collect()
    })
}

#[test]
fn every_mistake_is_named() {
    let table: &[(&str, &[&str])] = &[
        ("data = \"/x\"\nno = 1\n", &["F:2: no: not a setting"]),
        (
            "[ingest]\nlisten = \"localhost\"\n",
            &["F:2: ingest.listen: "],
        ),
        (
            "[ingest]\nbody_byte_max = 5\n",
            &["F:2: ingest.body_byte_max: not a setting; did you mean ingest.body_bytes_max?"],
        ),
        (
            "[ingest]\nbody_bytes_max = \"5\"\n",
            &["F:2: ingest.body_bytes_max: expected"],
        ),
        (
            "[ingest]\n\nbody_bytes_max = 0\n",
            &[
                "F:3: ingest.body_bytes_max: expected a whole number from 1 to 1099511627776, found 0",
            ],
        ),
        (
            "[ingest]\nrequests_max = 9223372036854775807\n",
            &["F:2: ingest.requests_max: expected a whole number from 1 to 10000000"],
        ),
        (
            "[ingest]\nrequests_max = -1\n",
            &["F:2: ingest.requests_max: expected a whole number from 1"],
        ),
        (
            "[ingest]\nrequests_max = 1.5\n",
            &["F:2: ingest.requests_max: expected"],
        ),
        (
            "[ingest]\nheader_timeout_s = 86401\n",
            &["F:2: ingest.header_timeout_s: expected a number from 1 to 86400, found 86401"],
        ),
        ("[ingest]\nlisten = [1]\n", &["F:2: ingest.listen: "]),
        ("ingest = 1\n", &["F:1: ingest: "]),
        (
            "[authority]\nname = \"x\"\n",
            &["F:1: authority: expected a list: write [[authority]]"],
        ),
        (
            "[[authority]]\nname = \"x y\"\nurl = \"ftp://x\"\nnme = \"x\"\n",
            &[
                "F:4: authority.nme: not a setting; did you mean name?",
                "F:1: authority.name: expected a name",
                "F:1: authority.url: expected an address",
            ],
        ),
        (
            "[[authority]]\nname = \"x\"\nurl = \"http://x\"\n[[authority]]\nname = \"x\"\nurl = \"http://y\"\nca = \"/none\"\n",
            &[
                "F:7: authority.ca: cannot read /none",
                "F:4: authority.name: x is there twice",
            ],
        ),
        (
            "[[route]]\nauthority = 1\n",
            &["F:2: route.authority: expected a string"],
        ),
        (
            "[rules]\nDEC-1001 = \"loud\"\n",
            &["F:2: rules.DEC-1001: expected \"error\", \"warning\" or \"off\", found \"loud\""],
        ),
        ("[ingest\n", &["F:1: "]),
        ("[ingest]\nlisten = \"a\"\nlisten = \"b\"\n", &["F:3: "]),
    ];
    for (text, expected) in table {
        let mistakes = load(text, &[])
            .err()
            .unwrap_or_else(|| panic!("taken: {text}"));
        for expected in *expected {
            let said = mistakes.iter().any(|mistake| mistake.starts_with(expected));
            assert!(said, "{text}: {mistakes:#?} and not {expected}");
        }
    }
    // Several at once, and the environment's own.
    let mistakes = load(
        "a = 1\nb = 2\n",
        &[("TONGGUAN_INGEST_LISTEN", "x"), ("TONGGUAN_NO_SUCH", "1")],
    );
    let mistakes = mistakes.err().unwrap_or_default();
    assert_eq!(mistakes.len(), 4, "{mistakes:#?}");
    assert!(
        mistakes
            .iter()
            .any(|mistake| mistake.starts_with("TONGGUAN_INGEST_LISTEN: ")),
        "{mistakes:#?}"
    );
    assert!(
        mistakes
            .iter()
            .any(|mistake| mistake.starts_with("TONGGUAN_NO_SUCH: ")),
        "{mistakes:#?}"
    );
}

#[test]
fn the_effective_configuration_reads_back_as_the_same() {
    let text = "data = \"/x\"\n[ingest]\nbody_bytes_max = 5_000\n[rules]\nDEC-1001 = \"off\"\n[[authority]]\nname = \"a\"\nurl = \"http://a\"\n[[route]]\noffice = \"01\"\nauthority = \"a\"\n";
    for text in ["", text] {
        let config = load(text, &[]).expect("is fine");
        let shown = config.effective();
        let again = load(&shown, &[]).unwrap_or_else(|mistakes| panic!("{shown}\n{mistakes:#?}"));
        assert_eq!(again.effective(), shown);
        for setting in SETTINGS.iter() {
            assert_eq!(
                setting.show(&again),
                setting.show(&config),
                "{}",
                setting.key
            );
        }
    }
}

#[test]
fn the_environment_wins() {
    let text = "[ingest]\nbody_bytes_max = 5\n";
    let config = load(
        text,
        &[("TONGGUAN_INGEST_BODY_BYTES_MAX", "6"), ("PATH", "/bin")],
    );
    assert_eq!(config.expect("is fine").ingest.body_bytes_max, 6);
}

#[test]
fn a_mistake_stops_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tongguan.toml");
    let cases = [
        ("no = 1\n", "tongguan.toml:1: no: not a setting"),
        (
            "[[route]]\nauthority = \"nobody\"\n",
            "there is no authority \"nobody\"",
        ),
        ("families = \"/none\"\n", "families: /none"),
    ];
    for (text, expected) in cases {
        std::fs::write(&file, text).expect("written");
        for command in ["serve", "check"] {
            let run = Command::new(env!("CARGO_BIN_EXE_tongguan"))
                .args([command, "--config"])
                .arg(&file)
                .env("TONGGUAN_DATA", folder.path().join("data"))
                .output()
                .expect("runs");
            let said = String::from_utf8_lossy(&run.stderr);
            assert_eq!(run.status.code(), Some(2), "{command}: {said}");
            assert!(said.contains(expected), "{command}: {said}");
        }
    }
    assert!(
        !folder.path().join("data/journal").exists(),
        "nothing was begun"
    );
}
