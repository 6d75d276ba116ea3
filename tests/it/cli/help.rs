//! Help, completions, manual pages, slips of the hand.

use std::io::Write as _;
use std::process::Stdio;

use super::{company, data, mistake};
use crate::company::NOW;

/// Every subcommand.
const COMMANDS: [&[&str]; 33] = [
    &["scan"],
    &["report"],
    &["diff"],
    &["explain"],
    &["roster"],
    &["roster", "validate"],
    &["roster", "accept"],
    &["exceptions"],
    &["exceptions", "list"],
    &["exceptions", "check"],
    &["exceptions", "new"],
    &["policy"],
    &["policy", "check"],
    &["policy", "test"],
    &["policy", "explain"],
    &["rules"],
    &["rules", "list"],
    &["rules", "explain"],
    &["rules", "test"],
    &["systems"],
    &["systems", "list"],
    &["coverage"],
    &["coverage", "accept"],
    &["incidents"],
    &["incidents", "acknowledge"],
    &["doctor"],
    &["config", "check"],
    &["config", "show"],
    &["schema"],
    &["ledger", "verify"],
    &["completions"],
    &["man"],
    &["version"],
];

#[test]
fn help_fits_and_shows_how_it_is_meant() {
    let company = company();
    for command in COMMANDS {
        for flag in ["--help", "-h"] {
            let mut arguments = command.to_vec();
            arguments.push(flag);
            let run = company.holdover(&arguments);
            let text = data(&run);
            for line in text.lines() {
                assert!(line.chars().count() <= 110, "{command:?}: {} columns: {line}", line.chars().count());
            }
            assert!(text.contains("Usage: holdover"), "{command:?}: {text}");
            // A command that only has subcommands leads to theirs.
            let leads_on = text.contains("\nCommands:");
            assert!(leads_on || text.contains("Example"), "{command:?} {flag} shows no example: {text}");
        }
    }
    let run = company.holdover(&["--help"]);
    let text = data(&run);
    for command in ["scan", "report", "diff", "explain", "roster", "doctor", "schema", "completions", "man", "version"]
    {
        assert!(text.contains(&format!("\n  {command}")), "{command} stands in the help: {text}");
    }
    assert!(text.contains("Exit codes: 0 clean"), "{text}");
    // Examples of the help are command lines that parse.
    for command in COMMANDS {
        let mut arguments = command.to_vec();
        arguments.push("--help");
        for line in company.holdover(&arguments).stdout.lines() {
            let Some(example) = line.trim().strip_prefix("holdover ") else { continue };
            let example = example.split(" > ").next().expect("a part");
            let words: Vec<&str> = example.split_whitespace().collect();
            let run = company.holdover(&words);
            assert!(!run.stderr.contains("Usage: holdover"), "{example}: {}", run.stderr);
        }
    }
}

#[test]
fn completions_parse_in_their_shell() {
    let company = company();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = company.holdover(&["completions", shell]);
        assert!(data(&run).contains("holdover"));
    }
    let run = company.holdover(&["completions", "bash"]);
    let mut bash = std::process::Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash");
    bash.stdin.take().expect("a pipe").write_all(run.stdout.as_bytes()).expect("written");
    let output = bash.wait_with_output().expect("ended");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    mistake(&company.holdover(&["completions", "basch"]), 2, "bash");
}

#[test]
fn man_pages_are_made_for_every_command() {
    let company = company();
    let run = company.holdover(&["man"]);
    assert!(data(&run).contains(".TH"));
    let run = company.holdover(&["man", "pages"]);
    run.expect(0);
    let pages: Vec<String> = std::fs::read_dir(company.path().join("pages"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    for page in ["holdover.1", "holdover-scan.1", "holdover-roster-accept.1"] {
        assert!(pages.iter().any(|found| found == page), "{page} in {pages:?}");
    }
    assert!(pages.len() >= 30, "{pages:?}");
}

#[test]
fn slips_of_the_hand_get_the_nearest_word_and_code_two() {
    let company = company();
    company.write_all();
    for (arguments, near) in [
        (&["scn"][..], "scan"),
        (&["scan", "--dryrun"], "--dry-run"),
        (&["roster", "acept", "x"], "accept"),
        (&["scan", "--fail-on", "hgih"], "high"),
        (&["scan", "--system", "crn", "--as-of", NOW], "crm"),
        (&["scan", "--format", "markdwon"], "markdown"),
        (&["scan", "--color", "nevr"], "never"),
    ] {
        mistake(&company.holdover(arguments), 2, near);
    }
    for arguments in [
        &[][..],
        &["scan", "--as-of", "yesterday"],
        &["scan", "--as-of", "2026-08-03"],
        &["scan", "--as-of", "2026-08-03T06:00:00"],
        &["scan", "--deadline", "3"],
        &["explain"],
        &["coverage", "accept", "crm/accounts"],
        &["roster", "accept"],
        &["scan", "--yes"],
    ] {
        let run = company.holdover(arguments);
        run.expect(2);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{arguments:?}");
    }
    assert!(!company.path().join("state").exists(), "a mistake of usage touches nothing");
}

#[test]
fn the_version_names_what_it_was_built_from() {
    let company = company();
    let run = company.holdover(&["version", "--json"]);
    let value: serde_json::Value = serde_json::from_str(data(&run)).expect("JSON");
    assert_eq!(value["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        value["connectors"],
        serde_json::json!(["aws", "github", "import", "okta", "ssh", "vault"]),
        "each connector once"
    );
    let text = value.to_string();
    for word in ["schema", "tz", "ocsf", "sarif"] {
        assert!(text.to_lowercase().contains(word), "{word}: {text}");
    }
    for arguments in [&["version"][..], &["--version"], &["-V"]] {
        let run = company.holdover(arguments);
        assert!(data(&run).contains(env!("CARGO_PKG_VERSION")));
    }
}
